import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The folder of UUID lists, where there is one. */
export const UUID_LISTS = join(
  process.env["TALOS_BRIDGE_CORPORA"] ?? resolve(import.meta.dirname, "../../../../../shared/corpora"),
  "uuid",
);
export const HAS_UUID_LISTS = existsSync(UUID_LISTS);

export interface ListedUuid {
  readonly value: string;
  readonly expected: string;
  readonly note: string;
}

/** The rows of one list: value, what its source expects, note. */
export function readUuidList(file: string): readonly ListedUuid[] {
  const [, ...lines] = readFileSync(join(UUID_LISTS, file), "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const [value = "", expected = "", note = ""] = line.split("\t");
    return { value, expected, note };
  });
}
