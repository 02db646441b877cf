/** How the text of a setting becomes a value. The exported parsers make these; spread one into a table's row. */
export interface Parser<T> {
  /** A word for the reference page, such as "duration". */
  readonly type: string;
  /** Throws a {@link SettingsError} with `ERR_SETTINGS_VALUE`; its message must not hold the text. */
  readonly parse: (text: string) => T;
  /** The text that a flag without a value stands for. Only booleans have it: `--flag` means `--flag=true`. */
  readonly bare?: string;
}

/** One row of a settings table. */
export interface Setting<T> extends Parser<T> {
  /** Flag name without dashes, such as `ca-cert-path`. */
  readonly flag: string;
  /** Further flag names with the same meaning. */
  readonly aliases?: readonly string[];
  /** Environment name; of several, the first that is set and not empty counts. */
  readonly env?: string | readonly string[];
  /** Text used when neither flag nor environment gives one. Without it the value may be `undefined`. */
  readonly default?: string;
  /** One or two sentences of Markdown for the reference page and `--help`. */
  readonly doc: string;
  /** The value is never shown, and giving it as a flag warns. */
  readonly secret?: boolean;
}

export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;

/** The values of a table: what each row's parser returns, or `undefined` where a row has no default. */
export type SettingsValues<S extends SettingsTable> = {
  readonly [K in keyof S]: S[K] extends { readonly default: string }
    ? ReturnType<S[K]["parse"]>
    : ReturnType<S[K]["parse"]> | undefined;
};

/** Where a value came from. `unset`: from nowhere, the value is `undefined`. */
export type SettingSource = "flag" | "env" | "default" | "unset";

export function envNames(setting: Setting<unknown>): readonly string[] {
  if (setting.env === undefined) return [];
  return typeof setting.env === "string" ? [setting.env] : setting.env;
}

export function flagNames(setting: Setting<unknown>): readonly string[] {
  return [setting.flag, ...(setting.aliases ?? [])];
}
