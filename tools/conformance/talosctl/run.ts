// Holds the command line to the real talosctl: each reads what the other writes, and talosctl drives `ca rotate --apply`.
//
//   node --conditions=@talos-bridge/source tools/conformance/talosctl/run.ts      the last line counts
import { bundleCases } from "./bundle-cases.ts";
import { pkiCases } from "./pki-cases.ts";
import { startPrograms } from "./programs.ts";
import { rotationCases } from "./rotation-cases.ts";
import { KEY_TYPES, workerCases } from "./worker-cases.ts";

const programs = startPrograms();
let passed = 0;
let failed = 0;
try {
  // The bundles that the cases are about.
  for (const keyType of KEY_TYPES)
    programs.bridge("secrets", "generate", "--key-type", keyType, "--out", `${keyType}.yaml`);
  const only = process.argv[2] ?? "";
  const cases = [workerCases, bundleCases, rotationCases, pkiCases].flatMap((casesOf) => casesOf(programs));
  for (const [name, run] of cases) {
    if (!name.includes(only)) continue;
    try {
      run();
      passed++;
      console.log(`ok    ${name}`);
    } catch (error) {
      failed++;
      console.log(`FAIL  ${name}\n${error instanceof Error ? error.message : String(error)}`);
    }
  }
} finally {
  programs.stop();
}
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;
