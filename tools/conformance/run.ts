// Drives the bundled signer with Talos's own Go code: `npm run test:conformance [-- --only TEXT]`. The last line counts.
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { conformanceBinary } from "./build.ts";

const app = resolve(import.meta.dirname, "../../apps/csr-signer");

function main(): number {
  const binary = conformanceBinary();
  // Always anew, which takes under a second: a bundle that was left from another day would prove nothing.
  if (run(process.execPath, ["../../tools/bundle.ts"]) !== 0)
    throw new Error("the bundle could not be built");
  const bundle = join(app, "dist/main.js");
  return run(binary, ["test", "--node", process.execPath, "--bundle", bundle, ...process.argv.slice(2)]);
}

function run(program: string, args: readonly string[]): number {
  const { status, error } = spawnSync(program, args, { cwd: app, stdio: "inherit" });
  if (error !== undefined) throw error;
  return status ?? 1;
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
