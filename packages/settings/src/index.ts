export { BUILD } from "./build-info.ts";
export { settingsHelp, settingsMarkdown, type Program } from "./describe.ts";
export { formatDuration, parseDuration } from "./duration.ts";
export { refuse, SettingsError, type SettingsErrorCode } from "./errors.ts";
export { checked, faulty, type Checked, type Fault } from "./fault.ts";
export { loadSettings, type LoadedSettings, type SettingsInput } from "./load.ts";
export {
  address,
  boolean,
  commaList,
  duration,
  integer,
  oneOf,
  path,
  port,
  text,
  type ListenAddress,
} from "./parsers.ts";
export type { Parser, Setting, SettingSource, SettingsTable, SettingsValues } from "./setting.ts";
