// What would be published is sound: each public package is packed, and publint and are-the-types-wrong read the tarball.
// Needs a build before it.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const scratch = mkdtempSync(join(tmpdir(), "packages-"));
let checked = 0;
let failed = 0;
try {
  for (const folder of readdirSync("packages")) {
    const manifest: { name: string; private?: boolean } = JSON.parse(
      readFileSync(join("packages", folder, "package.json"), "utf8"),
    );
    if (manifest.private === true) continue;
    checked++;
    const tarball = join(scratch, packOf(folder));
    for (const command of [
      ["publint", "run", tarball, "--strict"],
      ["attw", tarball, "--profile", "esm-only", "--format", "ascii"],
    ]) {
      const [program = "", ...args] = command;
      const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
      if (status === 0) continue;
      failed++;
      console.error(`${manifest.name}: ${program}\n${stdout}${stderr}`);
    }
  }
} finally {
  rmSync(scratch, { recursive: true });
}
if (checked === 0) failed++;
console.log(`packages: ${checked} packed and read, ${failed} faults`);
process.exitCode = failed > 0 ? 1 : 0;

function packOf(folder: string): string {
  const out = execFileSync("npm", ["pack", "--json", "--pack-destination", scratch], {
    cwd: join("packages", folder),
    encoding: "utf8",
  });
  const packed: { filename: string }[] | Record<string, { filename: string }> = JSON.parse(out);
  return Object.values(packed)[0]?.filename ?? "";
}
