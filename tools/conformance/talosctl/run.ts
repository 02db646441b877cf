// Holds the command line to the real talosctl: `npm run test:talosctl [-- --only TEXT]`. Each reads what the other writes, and
// talosctl does to nodes what `ca rotate --apply` has it do. The last line counts.
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { pinnedBinary } from "../build.ts";
import { bundleCases } from "./bundle-cases.ts";
import { pkiCases } from "./pki-cases.ts";
import { startPrograms } from "./programs.ts";
import { rotationCases } from "./rotation-cases.ts";
import { KEY_TYPES, workerCases } from "./worker-cases.ts";

interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** Files, from one program to the other. */
function exchangeFiles(talosctl: string, only: string): Count {
  const programs = startPrograms(talosctl);
  let [passed, failed] = [0, 0];
  try {
    for (const keyType of KEY_TYPES)
      programs.bridge("secrets", "generate", "--key-type", keyType, "--out", `${keyType}.yaml`);
    const cases = [workerCases, bundleCases, rotationCases, pkiCases].flatMap((casesOf) => casesOf(programs));
    for (const [name, run] of cases.filter(([each]) => each.includes(only))) {
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
  return { passed, failed };
}

/** A rotation of nodes that the Go program of the folder above makes up, with its signer. */
function patchNodes(talosctl: string, only: string): Count {
  const conformance = resolve(import.meta.dirname, "../run.ts");
  const { stdout, error } = spawnSync(
    process.execPath,
    [conformance, "--talosctl", talosctl, "--only", only],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  if (error !== undefined) throw error;
  process.stdout.write(stdout.replace(/^\d+ passed, .*\n/m, ""));
  const { passed, failed } = /^(?<passed>\d+) passed, (?<failed>\d+) failed$/m.exec(stdout)?.groups ?? {};
  if (passed === undefined || failed === undefined)
    throw new Error("the checks of nodes ended without a count");
  return { passed: Number(passed), failed: Number(failed) };
}

const { only } = parseArgs({ options: { only: { type: "string", default: "" } } }).values;
const talosctl = pinnedBinary("talosctl");
const counts = [exchangeFiles, patchNodes].map((part) => part(talosctl, only));
const passed = counts.reduce((sum, each) => sum + each.passed, 0);
const failed = counts.reduce((sum, each) => sum + each.failed, 0);
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
