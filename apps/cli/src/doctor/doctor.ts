import { setTimeout as sleep } from "node:timers/promises";
import { CliError } from "../cli-error.ts";
import { throwIfEnded, type CommandContext } from "../command-context.ts";
import { EXIT } from "../exit-code.ts";
import type { World } from "../world.ts";
import type { Check } from "./check.ts";
import { fileChecks } from "./file-checks.ts";
import { gatherFacts } from "./gather.ts";
import { kmsChecks } from "./kms-checks.ts";
import type { DoctorOptions } from "./options.ts";
import { createProber } from "./prober.ts";
import { foundFaults, outcomeOf, reportData, reportText } from "./report.ts";
import { serverChecks } from "./server-checks.ts";
import { signerChecks } from "./signer-checks.ts";
import type { Facts } from "./facts.ts";

/** In the order in which a worker needs things. */
export function checksOf(facts: Facts): readonly Check[] {
  return [fileChecks, signerChecks, serverChecks, kmsChecks].flatMap((checks) => checks(facts));
}

const BETWEEN_ROUNDS_MS = 2_000;

/** Looks at everything it is told of, again and again for as long as `--wait` says while something is wrong. */
export async function examine(given: CommandContext, options: DoctorOptions): Promise<number> {
  const context = { ...given, world: withStdinKept(given.world) };
  const { out, signal } = context;
  const prober = createProber(context);
  const checks = await untilGood(async () => checksOf(await gatherFacts(context, options, prober)), {
    waitMs: options.wait ?? 0,
    elapsed: performance.now.bind(performance),
    async pause(failed) {
      out.step(`${failed} not good yet`);
      await sleep(BETWEEN_ROUNDS_MS, undefined, { signal }).catch((error: unknown) => {
        throwIfEnded(context, error);
        throw error;
      });
    },
  });
  if (checks.length === 0) {
    throw new CliError("TB1001", "nothing to look at", {
      fix: "talos-bridge doctor --machine-config worker.yaml --secrets secrets.yaml",
    });
  }
  out.data(reportData(checks), reportText(checks));
  return foundFaults(checks) ? EXIT.found : EXIT.ok;
}

/** Standard input can be read once, and every round looks at the files. */
export function withStdinKept(world: World): World {
  let read: Promise<Uint8Array> | undefined;
  return { ...world, readStdin: () => (read ??= world.readStdin()) };
}

/** Runs rounds until one is good, or the time is over; the last round's checks. */
export async function untilGood(
  round: () => Promise<readonly Check[]>,
  {
    waitMs,
    elapsed,
    pause,
  }: { waitMs: number; elapsed: () => number; pause: (failed: number) => Promise<void> },
): Promise<readonly Check[]> {
  const end = elapsed() + waitMs;
  for (;;) {
    const checks = await round();
    if (!foundFaults(checks) || elapsed() >= end) return checks;
    await pause(checks.filter((check) => outcomeOf(check) === "error").length);
  }
}
