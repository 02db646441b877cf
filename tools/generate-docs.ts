// Writes what docs/ has from the code: the reference pages, and the threat model's column of tests. check-docs.ts fails
// where they are not up to date.
//
//   node --conditions=@talos-bridge/source tools/generate-docs.ts
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { referencePages } from "./docs/reference-pages.ts";
import { fillThreatRows } from "./docs/threat-rows.ts";

const root = resolve(import.meta.dirname, "..");
const TESTS = ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "tools/**/test/**/*.test.ts"];
const THREAT_MODEL = "docs/threat-model.md";

const tests = new Map(
  globSync(TESTS, { cwd: root }).map((path) => [path, readFileSync(join(root, path), "utf8")]),
);
const pages = new Map([
  ...(await referencePages()),
  [THREAT_MODEL, fillThreatRows(readFileSync(join(root, THREAT_MODEL), "utf8"), tests)],
]);
for (const [path, text] of pages) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(path);
}
