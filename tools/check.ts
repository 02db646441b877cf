// Everything of `npm run check` but the tests: each step a command, run in order, all of them even when one fails.
// CI calls the same list.
import { spawnSync } from "node:child_process";

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const STEPS: readonly Step[] = [
  { name: "format", command: ["prettier", "--check", "--log-level", "warn", "."] },
  { name: "proto format", command: ["buf", "format", "--diff", "--exit-code"] },
  { name: "lint", command: ["oxlint"] },
  { name: "types", command: ["tsc", "-p", "tsconfig.check.json"] },
  { name: "layers", command: ["node", "tools/check-boundaries.ts"] },
  { name: "unused code", command: ["knip"] },
  { name: "proto lint", command: ["buf", "lint"] },
  { name: "wire contract", command: ["buf", "breaking", "--against", "proto/wire.binpb"] },
  { name: "generated code", command: ["node", "tools/check-generated.ts"] },
  { name: "docs", command: ["node", "--conditions=@talos-bridge/source", "tools/check-docs.ts"] },
];

let failed = 0;
for (const { name, command } of STEPS) {
  const [program = "", ...args] = command;
  const start = performance.now();
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (status === 0) {
    console.log(`ok    ${name} (${seconds} s)`);
    continue;
  }
  failed++;
  console.log(
    `FAIL  ${name} (${seconds} s): ${command.join(" ")}\n${error?.message ?? ""}${stdout}${stderr}`,
  );
}
console.log(
  failed === 0
    ? `static checks: all ${STEPS.length} good`
    : `static checks: ${failed} of ${STEPS.length} failed`,
);
process.exitCode = failed === 0 ? 0 : 1;
