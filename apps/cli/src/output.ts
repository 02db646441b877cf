import type { DataKindName } from "./data-kinds.ts";
import type { World } from "./world.ts";

export type Format = "table" | "json" | "yaml";

/** Rows of text under a head; cells are escaped here. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a command says: data on standard output, everything else on standard error. */
export interface Output {
  readonly format: Format;
  /** The command's answer: an object with `kind` for programs, a table or text for people. */
  data(
    value: Readonly<Record<string, unknown>> & { readonly kind: DataKindName },
    shown: Table | string,
  ): void;
  /** Text or bytes as they are, such as a PEM block. */
  raw(text: string): void;
  /** A step that is under way. */
  step(text: string): void;
  done(text: string): void;
  warn(text: string): void;
  fail(text: string): void;
  /** Shown with `-v` alone. */
  detail(text: string): void;
}

export interface OutputOptions {
  readonly format: Format;
  readonly color: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly formatYaml: (value: unknown) => string;
}

export const API_VERSION = "talos-bridge/v1";

export function createOutput(world: Pick<World, "stdout" | "stderr">, options: OutputOptions): Output {
  const { format, color, quiet, verbose, formatYaml } = options;
  const paint = (code: number, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const tell = (mark: string, text: string): void => world.stderr.write(`${mark} ${printable(text)}\n`);
  return {
    format,
    data(value, shown) {
      if (format === "table") {
        world.stdout.write(typeof shown === "string" ? shown : formatTable(shown));
        return;
      }
      const whole = { apiVersion: API_VERSION, ...value };
      world.stdout.write(format === "json" ? `${JSON.stringify(whole, undefined, 2)}\n` : formatYaml(whole));
    },
    raw: (text) => world.stdout.write(text),
    step: (text) => void (quiet || tell(paint(36, "►"), text)),
    done: (text) => void (quiet || tell(paint(32, "✔"), text)),
    warn: (text) => tell(paint(33, "!"), text),
    fail: (text) => tell(paint(31, "✗"), text),
    detail: (text) => void (verbose && tell(" ", text)),
  };
}

/** Columns padded to their widest cell. Nothing that came from outside can move the cursor or end a line. */
export function formatTable({ head, rows }: Table): string {
  const all = [head, ...rows].map((row) => row.map(printable));
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** Control, format and separator characters as `\u....`: what came from outside can't move the cursor or end a line. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
