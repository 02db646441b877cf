import { readArguments } from "./arguments.ts";
import { SettingsError } from "./errors.ts";
import type { Fault } from "./fault.ts";
import {
  envNames,
  flagNames,
  type Setting,
  type SettingSource,
  type SettingsTable,
  type SettingsValues,
} from "./setting.ts";

export interface SettingsInput {
  /** Arguments after the program's name: `process.argv.slice(2)`. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type LoadedSettings<S extends SettingsTable> =
  | {
      readonly kind: "values";
      readonly values: SettingsValues<S>;
      readonly sources: Readonly<Record<keyof S, SettingSource>>;
      /** Sentences for the log; they never hold a value. */
      readonly warnings: readonly string[];
    }
  | { readonly kind: "faults"; readonly faults: readonly Fault[] }
  | { readonly kind: "help" }
  | { readonly kind: "version" };

/**
 * Turns arguments and environment into the table's values, or tells everything that is wrong with them at once.
 *
 * A flag stands over the environment, the environment over the default. An empty environment variable counts as unset,
 * as it does for a Go program that asks `os.Getenv(name) == ""`; an empty flag is a value. `--help`, `-h` and
 * `--version` answer before anything is validated. Nothing is read but the input, and nothing is written.
 *
 * @throws SettingsError `ERR_SETTINGS_TABLE` where the table itself is wrong
 */
export function loadSettings<const S extends SettingsTable>(
  table: S,
  input: SettingsInput,
): LoadedSettings<S> {
  checkTable(table);
  const { asked, given, faults: argumentFaults } = readArguments(table, input.argv);
  if (asked !== undefined) return { kind: asked };

  const values: Record<string, unknown> = {};
  const sources: Record<string, SettingSource> = {};
  const warnings: string[] = [];
  const faults = [...argumentFaults];
  for (const [key, setting] of Object.entries(table)) {
    const flag = given.get(key);
    const variable = envNames(setting).find((name) => (input.env[name] ?? "") !== "");
    const fromEnv = variable === undefined ? undefined : { name: variable, text: input.env[variable] ?? "" };
    const chosen = flag ?? fromEnv;

    sources[key] = flag ? "flag" : fromEnv ? "env" : setting.default === undefined ? "unset" : "default";
    if (flag && fromEnv && flag.text !== fromEnv.text) {
      warnings.push(`${flag.name} and ${fromEnv.name} differ: the flag is used`);
    }
    if (flag && setting.secret) {
      const better = envNames(setting)[0];
      warnings.push(
        `${flag.name}: other processes can read arguments${better === undefined ? "" : `; use ${better} instead`}`,
      );
    }
    if (chosen === undefined) {
      values[key] = setting.default === undefined ? undefined : setting.parse(setting.default);
      continue;
    }
    try {
      values[key] = setting.parse(chosen.text);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      faults.push({ setting: chosen.name, fault: `${error.message}${shown(setting, chosen.text)}` });
    }
  }
  if (faults.length > 0) return { kind: "faults", faults };
  // The loop above has filled every key of the table with what that row's parser returned.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { kind: "values", values, sources, warnings } as LoadedSettings<S>;
}

const SHOWN_LENGTH = 64;

/**
 * The refused text, for a person to recognise; a secret's never. Nor one that looks like a flag: in `--port --token=x`
 * the second flag is the first one's value.
 */
function shown(setting: Setting<unknown>, text: string): string {
  if (setting.secret || text.startsWith("-")) return "";
  const cut = text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
  return `, not ${JSON.stringify(cut)}`;
}

/** A table is code: what is wrong with it must show at the first start, not when somebody uses that row. */
function checkTable(table: SettingsTable): void {
  const seen = new Set(["help", "h", "version"]);
  for (const [key, setting] of Object.entries(table)) {
    for (const name of flagNames(setting)) {
      if (seen.has(name)) throw new SettingsError("ERR_SETTINGS_TABLE", `flag ${name} is defined twice`);
      seen.add(name);
    }
    try {
      if (setting.default !== undefined) setting.parse(setting.default);
    } catch (cause) {
      throw new SettingsError("ERR_SETTINGS_TABLE", `the default of ${key} is refused by its own parser`, {
        cause,
      });
    }
  }
}
