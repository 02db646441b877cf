// Holds packages/secrets-bundle to Talos's own machinery code: each reads, checks and makes what the other writes.
//
//   node --conditions=@talos-bridge/source tools/conformance/bundle/run.ts      the last line counts
import { bundleCases } from "./bundle-cases.ts";
import { commandLineCases } from "./command-line-cases.ts";
import { machineConfigCases } from "./machine-config-cases.ts";
import { makeMaterial } from "./material.ts";
import { talosconfigCases } from "./talosconfig-cases.ts";

const material = await makeMaterial();
const cases = [bundleCases, talosconfigCases, machineConfigCases, commandLineCases].flatMap((casesOf) =>
  casesOf(material),
);
let failed = 0;
try {
  for (const [name, run] of cases) {
    try {
      await run();
      console.log(`ok    ${name}`);
    } catch (error) {
      failed++;
      console.log(`FAIL  ${name}\n${error instanceof Error ? error.message : String(error)}`);
    }
  }
} finally {
  material.stop();
}
console.log(`${cases.length - failed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;
