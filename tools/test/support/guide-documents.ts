// The YAML documents of the guides, and what tests ask of their text.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { codeBlocks } from "../../docs/markdown.ts";

/** One YAML document of a guide. */
export interface GuideDocument {
  readonly guide: string;
  /** `kind`, or "part" where the guide shows a piece of an object. */
  readonly kind: string;
  readonly text: string;
}

export function guideText(guide: string): string {
  return readFileSync(resolve(import.meta.dirname, `../../../docs/guides/${guide}.md`), "utf8");
}

export function documentsOf(guide: string): readonly GuideDocument[] {
  return codeBlocks(guideText(guide))
    .filter(({ language }) => language === "yaml")
    .flatMap(({ text }) => text.split(/^---$/m))
    .map((text) => ({ guide, text, kind: /^kind: (?<kind>\S+)$/m.exec(text)?.groups?.["kind"] ?? "part" }));
}

/** All values of a key, wherever it stands, without quotes and comments. */
export function valuesOf(key: string, text: string): readonly string[] {
  const lines = text.matchAll(new RegExp(`^[\\s-]*${key}: *"?(?<value>[^"#\\n]+?)"?(?: +#.*)?$`, "gm"));
  return [...lines].map(({ groups }) => groups?.["value"] ?? "");
}

/** Variables with a value of their own: two lines, `- name: X` and `value: Y`. */
export function environmentOf(text: string): Readonly<Record<string, string>> {
  const pairs = text.matchAll(/- name: (?<name>[A-Z][A-Z0-9_]*)\n +value: "?(?<value>[^"\n]+)"?$/gm);
  return Object.fromEntries(
    [...pairs].map(({ groups }) => [groups?.["name"] ?? "", groups?.["value"] ?? ""]),
  );
}
