// The documents agree with the code: reference pages are up to date, links lead somewhere, commands exist, every row of
// the threat model has its test, every difference from trustd is told. One line a fault.
//
//   node --conditions=@talos-bridge/source tools/check-docs.ts
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path";
import { wordFaults } from "./docs/code-words.ts";
import { KMS_NOTES } from "./docs/kms-notes.ts";
import { anchors, linkTargets } from "./docs/markdown.ts";
import { referencePages } from "./docs/reference-pages.ts";
import { SIGNER_NOTES } from "./docs/signer-notes.ts";
import { readThreatRows, threatFaults } from "./docs/threat-rows.ts";

const root = resolve(import.meta.dirname, "..");
const read = (path: string): string | undefined =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : undefined;

const PAGES = globSync(["*.md", "docs/**/*.md", "packages/*/*.md", "apps/*/*.md", "tools/**/*.md"], {
  cwd: root,
  exclude: ["**/node_modules/**"],
}).toSorted();

async function referenceFaults(): Promise<readonly string[]> {
  const stale = [...(await referencePages())].filter(([path, text]) => read(path) !== text);
  return stale.map(
    ([path]) =>
      `${path}: is not what the code gives: run node --conditions=@talos-bridge/source tools/generate-docs.ts`,
  );
}

function linkFaults(): readonly string[] {
  return PAGES.flatMap((page) =>
    linkTargets(read(page) ?? "")
      .filter((target) => !/^[a-z]+:/.test(target))
      .flatMap((target) => {
        const [file = "", anchor] = target.split("#", 2);
        const path = file === "" ? page : normalize(join(dirname(page), file));
        if (!existsSync(join(root, path))) return [`${page}: ${target} leads nowhere`];
        if (anchor === undefined || !path.endsWith(".md") || anchors(read(path) ?? "").has(anchor)) return [];
        return [`${page}: ${target} has no such heading`];
      }),
  );
}

/** What is published, and what is run, says what it is. */
function readmeFaults(): readonly string[] {
  const manifests = globSync(["packages/*/package.json", "apps/*/package.json"], { cwd: root });
  return manifests.flatMap((path) => {
    const manifest: { private?: boolean } = JSON.parse(read(path) ?? "{}");
    const folder = dirname(path);
    const needed = manifest.private !== true || folder.startsWith("apps/");
    return needed && read(`${folder}/README.md`) === undefined ? [`${folder}: has no README.md`] : [];
  });
}

function commandFaults(): readonly string[] {
  const manifest: { scripts?: Record<string, string> } = JSON.parse(read("package.json") ?? "{}");
  const known = new Set(Object.keys(manifest.scripts ?? {}));
  return PAGES.flatMap((page) => {
    const named = (read(page) ?? "").matchAll(
      /\bnpm (?:run (?<script>[a-z][a-z:-]*)|(?<short>start|test)\b)/g,
    );
    const scripts = new Set([...named].map(({ groups }) => groups?.["script"] ?? groups?.["short"] ?? ""));
    return [...scripts]
      .filter((name) => !known.has(name))
      .map((name) => `${page}: npm run ${name} is no script`);
  });
}

/** The list that the conformance runs hold to is told in the migration page, by its ids. */
function differenceFaults(): readonly string[] {
  const list: { id: string }[] = JSON.parse(read("tools/conformance/differences.json") ?? "[]");
  const page = read("docs/migration.md") ?? "";
  if (list.length === 0) return ["tools/conformance/differences.json: is empty or not there"];
  const rows = new Set(
    [...page.matchAll(/^\| `(?<id>[a-z][a-z0-9-]*)` \|/gm)].map(({ groups }) => groups?.["id"]),
  );
  return [
    ...list.filter(({ id }) => !rows.has(id)).map(({ id }) => `docs/migration.md: has no row \`${id}\``),
    ...[...rows]
      .filter((id) => !list.some((each) => each.id === id))
      .map((id) => `docs/migration.md: \`${id}\` is not in differences.json`),
  ];
}

function sourceOf(folder: string): string {
  return globSync(`${folder}/src/**/*.ts`, { cwd: root })
    .map((path) => read(path) ?? "")
    .join("\n");
}

const faults = [
  ...(await referenceFaults()),
  ...wordFaults({
    server: sourceOf("packages/grpc-server"),
    programs: [SIGNER_NOTES, KMS_NOTES].map((notes) => ({ notes, source: sourceOf(`apps/${notes.name}`) })),
  }),
  ...linkFaults(),
  ...readmeFaults(),
  ...commandFaults(),
  ...differenceFaults(),
  ...threatFaults(readThreatRows(read("docs/threat-model.md") ?? ""), read).map(
    (fault) => `docs/threat-model.md: ${fault}`,
  ),
];
for (const fault of faults) console.error(fault);
console.log(`docs: ${PAGES.length} pages, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
