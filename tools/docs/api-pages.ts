// The API reference of the libraries: each name that a package exports, with its contract and its declaration, from the source.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { MADE } from "./tables.ts";

const root = resolve(import.meta.dirname, "../..");
const PACKAGES = ["pki", "secrets-bundle", "pem", "token-auth", "vault", "keyring", "leader"];

export function apiPages(): ReadonlyMap<string, string> {
  return new Map(PACKAGES.map((name) => [`docs/reference/api/${name}.md`, apiPage(name)]));
}

function apiPage(name: string): string {
  const folder = join(root, "packages", name, "src");
  const names = exportedNames(readFileSync(join(folder, "index.ts"), "utf8"));
  const sections = names.map((each) => {
    const { doc, declaration } = declarationOf(readFileSync(join(folder, each.file), "utf8"), each.name);
    return `## ${each.name}\n\n${doc === "" ? "" : `${doc}\n\n`}\`\`\`ts\n${declaration}\n\`\`\`\n`;
  });
  return `${MADE}
# @talos-bridge/${name}: API

[What it is for, with examples](../../../packages/${name}/README.md). Everything else in the package may change at any time.

${sections.join("\n")}`;
}

/** Names of a hand-kept index, each with the file that declares it. */
export function exportedNames(index: string): readonly { readonly name: string; readonly file: string }[] {
  const statements = index.matchAll(/export (?:type )?\{(?<names>[^}]*)\} from "\.\/(?<file>[^"]+)";/g);
  return [...statements]
    .flatMap(({ groups: { names = "", file = "" } = {} }) =>
      names
        .split(",")
        .map((name) => name.trim().replace(/^type /, ""))
        .filter((name) => name !== "")
        .map((name) => ({ name, file })),
    )
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Contract and declaration of an exported name. Throws where the source has none: the page must not lose one unseen. */
export function declarationOf(
  source: string,
  name: string,
): { readonly doc: string; readonly declaration: string } {
  const start = new RegExp(
    `^export (?:declare )?(?:async )?(?<kind>function|const|interface|type|class) ${name}\\b`,
    "m",
  ).exec(source);
  const kind = start?.groups?.["kind"];
  if (start === null || kind === undefined) throw new Error(`no declaration of ${name}`);
  const rest = source.slice(start.index).replace(/^export /, "");
  const before = source.slice(0, start.index);
  const comment = /\/\*\*(?<text>(?:(?!\*\/)[^])*)\*\/\s*$/.exec(before)?.groups?.["text"] ?? "";
  return { doc: docText(comment), declaration: textOf(kind, rest) };
}

/** Without the stars; links to names become links to their headings. */
function docText(comment: string): string {
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim()
    .replaceAll(/\{@link (?<name>[A-Za-z_]+)(?:\.[A-Za-z]+)?\}/g, "`$<name>`")
    .replaceAll(/^@(?<tag>returns|throws|param) /gm, "\n*$<tag>* ");
}

function textOf(kind: string, rest: string): string {
  switch (kind) {
    case "interface":
    case "class":
      return rest.slice(0, rest.indexOf("\n}") + 2);
    case "function":
      // Up to the brace that opens the body: the last one of the line on which the parameters and the result end.
      return (/^(?<signature>[^]*?) \{$/m.exec(rest)?.groups?.["signature"] ?? rest).trimEnd();
    case "type":
      return rest.slice(0, (/;\n(?=\n|\S|$)/.exec(rest)?.index ?? rest.length) + 1);
    default:
      return `${/^const [A-Za-z_]+(?:: [^=]+)?/.exec(rest)?.[0].trimEnd() ?? rest};`;
  }
}
