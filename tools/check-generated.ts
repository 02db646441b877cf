// The committed stubs are what `buf generate` makes of proto/ now: generated into a scratch folder and compared.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const COMMITTED = "packages/api/src/gen";

function readTree(root: string): Map<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(root.length + 1), readFileSync(path, "utf8")];
    }),
  );
}

const scratch = mkdtempSync(join(tmpdir(), "generated-"));
try {
  execFileSync("buf", ["generate", "--output", scratch], { stdio: "inherit" });
  const wanted = readTree(join(scratch, COMMITTED));
  const found = readTree(COMMITTED);
  const names = new Set([...wanted.keys(), ...found.keys()]);
  const differing = [...names].filter((name) => wanted.get(name) !== found.get(name));
  if (wanted.size === 0) differing.push("(nothing was generated)");
  for (const name of differing)
    console.error(`${COMMITTED}/${name} is not what proto/ gives: run npm run proto`);
  process.exitCode = differing.length > 0 ? 1 : 0;
} finally {
  rmSync(scratch, { recursive: true });
}
