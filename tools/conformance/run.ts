// Drives the bundled signer and command line with Talos's own Go code: `npm run test:conformance [-- --only TEXT]`. The last line counts.
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { conformanceBinary } from "./build.ts";

const apps = resolve(import.meta.dirname, "../../apps");

function main(): number {
  const binary = conformanceBinary();
  const [bundle, cli] = ["csr-signer", "cli"].map((name) => {
    const app = join(apps, name);
    // Always anew, which takes under a second: a bundle that was left from another day would prove nothing.
    if (run(process.execPath, ["../../tools/bundle.ts"], app) !== 0)
      throw new Error(`the bundle of ${name} could not be built`);
    return join(app, "dist/main.js");
  });
  if (bundle === undefined || cli === undefined) throw new Error("two apps, two bundles");
  const more = process.argv.slice(2);
  return run(binary, ["test", "--node", process.execPath, "--bundle", bundle, "--cli", cli, ...more], apps);
}

function run(program: string, args: readonly string[], cwd: string): number {
  const { status, error } = spawnSync(program, args, { cwd, stdio: "inherit" });
  if (error !== undefined) throw error;
  return status ?? 1;
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
