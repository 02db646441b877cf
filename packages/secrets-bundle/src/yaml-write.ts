import { Document, visit } from "yaml";

/** What is written: text, numbers, flags, lists and mappings in order. `undefined` = left out. */
export type YamlValue =
  | string
  | number
  | boolean
  | undefined
  | readonly YamlValue[]
  | ReadonlyMap<string, YamlValue>
  | { readonly [key: string]: YamlValue };

/**
 * Writes one YAML document as talosctl does: four spaces, no folding, quotes where text could be read as something else. Every
 * text stands in one line, so that it fits behind any key.
 */
export function encodeYaml(value: YamlValue, indent = 4): string {
  return encode(value, indent, false);
}

/**
 * Writes plain data as one YAML document, two spaces deep; text that could be read as something else is quoted, text of several
 * lines stands in a block.
 */
export function formatYaml(value: unknown): string {
  return encode(value, 2, true);
}

/** Writes a text as JSON does, which is YAML too and fits where no other form does: between braces, and into JSON itself. */
export function quoteText(text: string): string {
  return escapeUnseen(JSON.stringify(text));
}

function encode(value: unknown, indent: number, blockQuote: boolean): string {
  // Older parsers take `yes` and `1:20` for something else than text.
  const document = new Document(value, { aliasDuplicateObjects: false, compat: "yaml-1.1" });
  visit(document, {
    Scalar: (_, scalar) => {
      const { value: text } = scalar;
      if (typeof text !== "string") return;
      if (UNSEEN.test(blockQuote ? text.replaceAll("\n", "") : text)) scalar.type = "QUOTE_DOUBLE";
    },
  });
  return escapeUnseen(document.toString({ indent, lineWidth: 0, blockQuote, doubleQuotedAsJSON: true }));
}

/**
 * Separators, controls and what else is not seen, but the plain space. YAML 1.1 readers, Go's too, break lines at some of
 * them, refuse others; nobody sees them in a review. JSON has no escape for those above U+FFFF, which break nothing.
 */
const UNSEEN = /(?! )[\p{Z}\p{C}]/u;
const UNSEEN_BELOW_10000 = /(?![ \n\u{10000}-\u{10ffff}])[\p{Z}\p{C}]/gu;

/** Escapes what is unseen, which stands in quotes wherever it is. The line breaks are those of the document. */
function escapeUnseen(written: string): string {
  return written.replace(
    UNSEEN_BELOW_10000,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
