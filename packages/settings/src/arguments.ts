import type { Fault } from "./fault.ts";
import { flagNames, type SettingsTable } from "./setting.ts";
import { suggest } from "./suggest.ts";

/** What the command line says, before any value is parsed. */
export interface ReadArguments {
  /** `help` and `version` answer before anything else is looked at. */
  readonly asked: "help" | "version" | undefined;
  /** By key of the table: the flag as it was typed, and its text. Of a repeated flag the last counts, as in Go. */
  readonly given: ReadonlyMap<string, { readonly name: string; readonly text: string }>;
  readonly faults: readonly Fault[];
}

const FLAG = /^--?(?<name>[A-Za-z0-9][A-Za-z0-9._-]{0,63})(?:=(?<text>[^]*))?$/;

/**
 * Reads flags as Go's `flag` package does: one or two dashes, `--flag=text` or `--flag text` (whatever the text looks
 * like), booleans without a text, `--` ends the flags. Unlike it, what is no flag is a fault instead of the silent end
 * of all flags, and every fault is told. Faults hold flag names only: a stray argument may be a secret.
 */
export function readArguments(table: SettingsTable, argv: readonly string[]): ReadArguments {
  const keys = new Map(
    Object.entries(table).flatMap(([key, row]) => flagNames(row).map((name) => [name, key])),
  );
  const given = new Map<string, { name: string; text: string }>();
  const faults: Fault[] = [];
  let asked: ReadArguments["asked"];
  let flagsEnded = false;

  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (argument === "--" && !flagsEnded) {
      flagsEnded = true;
      continue;
    }
    const { name, text } = (flagsEnded ? undefined : FLAG.exec(argument)?.groups) ?? {};
    if (name === undefined) {
      faults.push({ setting: `argument ${index + 1}`, fault: strayFault(argv[index - 1], table, keys) });
      continue;
    }
    if (name === "help" || name === "h" || name === "version") {
      asked ??= name === "version" ? "version" : "help";
      continue;
    }
    const key = keys.get(name);
    if (key === undefined) {
      const near = suggest(name, [...keys.keys(), "help", "version"]);
      faults.push({
        setting: `--${name}`,
        fault: `is no known flag${near ? `; did you mean --${near}?` : ""}`,
      });
      // What follows is most likely its value: one mistake, one fault.
      if (text === undefined && argv[index + 1]?.startsWith("-") === false) index++;
      continue;
    }
    const value = text ?? table[key]?.bare ?? argv[++index];
    if (value === undefined) faults.push({ setting: `--${name}`, fault: "needs a value" });
    else given.set(key, { name: `--${name}`, text: value });
  }
  return { asked, given, faults };
}

function strayFault(
  before: string | undefined,
  table: SettingsTable,
  keys: ReadonlyMap<string, string>,
): string {
  const name = FLAG.exec(before ?? "")?.groups?.["name"];
  const key = keys.get(name ?? "");
  const takesNone = key !== undefined && table[key]?.bare !== undefined;
  return takesNone ? `is no flag; write --${name}=VALUE with an equals sign` : "is no flag";
}
