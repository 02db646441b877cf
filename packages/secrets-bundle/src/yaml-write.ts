import { stringify } from "yaml";

/** What is written: text, numbers, flags, lists and mappings in order. `undefined` = left out. */
export type YamlValue =
  | string
  | number
  | boolean
  | undefined
  | readonly YamlValue[]
  | ReadonlyMap<string, YamlValue>
  | { readonly [key: string]: YamlValue };

/** Writes one YAML document as talosctl does: four spaces, no folding, quotes where text could be read as something else. */
export function encodeYaml(value: YamlValue, indent = 4): string {
  return stringify(value, {
    indent,
    lineWidth: 0,
    // Text of several lines in quotes, so that it fits behind any key.
    blockQuote: false,
    aliasDuplicateObjects: false,
    // Older parsers take `yes` and `1:20` for something else than text.
    compat: "yaml-1.1",
  });
}

/** Writes plain data as one YAML document, two spaces deep; text that could be read as something else is quoted. */
export function formatYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, compat: "yaml-1.1" });
}
