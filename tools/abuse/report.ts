import { setTimeout as delay } from "node:timers/promises";
import type { GoodWorker, WorkerFigures } from "./good-worker.ts";
import type { Target } from "./target.ts";

/**
 * What a container's limit of 128 Mi can't drop must stay well below it. All that is resident also holds the pages of Node's
 * own file, 53 MiB, which the kernel drops and reads again where it must; it should stay below 128 too, and mostly does.
 */
const MAX_ANONYMOUS_MIB = 90;
const MAX_RSS_MIB = 136;
const SAMPLE_MS = 100;
/** A phase lasts at least this long, so that the workers get to call in each. */
const MIN_PHASE_MS = 1_000;

/** One line an attack, and every fault at the end. */
export interface Report {
  /** Runs one attack, measures meanwhile, prints its line. */
  phase(name: string, attack: () => Promise<string>): Promise<void>;
  fault(text: string): void;
  /** Prints the verdict; the exit code. */
  end(): number;
}

export function createReport(
  target: Target,
  workers: { readonly kept: GoodWorker; readonly booting: GoodWorker },
): Report {
  const faults: string[] = [];
  let calls = 0;
  let passed = 0;
  console.log(row("attack", "what became of it", "kept worker", "booting worker", "RSS MiB (anonymous)"));
  return {
    async phase(name, attack) {
      workers.kept.take();
      workers.booting.take();
      const faultsBefore = faults.length;
      const peak = { all: 0, anonymous: 0 };
      const timer = setInterval(() => {
        const { all = 0, anonymous = 0 } = target.memory() ?? {};
        peak.all = Math.max(peak.all, all);
        peak.anonymous = Math.max(peak.anonymous, anonymous);
      }, SAMPLE_MS);
      const [became] = await Promise.all([attack(), delay(MIN_PHASE_MS)]);
      clearInterval(timer);
      const kept = workers.kept.take();
      const booting = workers.booting.take();
      calls += kept.calls + booting.calls;
      console.log(
        row(
          name,
          became,
          describe(kept),
          describe(booting),
          `${peak.all.toFixed(0)} (${peak.anonymous.toFixed(0)})`,
        ),
      );
      if (kept.lost + booting.lost > 0)
        faults.push(`${name}: ${kept.lost + booting.lost} calls of good workers lost`);
      if (kept.calls === 0) faults.push(`${name}: the kept worker got no call through`);
      if (peak.all > MAX_RSS_MIB || peak.anonymous > MAX_ANONYMOUS_MIB) {
        faults.push(
          `${name}: ${peak.all.toFixed(0)} MiB resident, ${peak.anonymous.toFixed(0)} of them anonymous; ` +
            `${MAX_RSS_MIB} and ${MAX_ANONYMOUS_MIB} allowed`,
        );
      }
      if (faults.length === faultsBefore) passed++;
      if (!target.alive()) throw new Error(`${name}: the server is gone: ${target.lastOutput()}`);
    },
    fault: (text) => void faults.push(text),
    end() {
      for (const fault of faults) console.log(`FAULT  ${fault}`);
      console.log(`\n${calls} calls of good workers meanwhile`);
      console.log(`${passed} passed, ${faults.length} failed`);
      return faults.length === 0 ? 0 : 1;
    },
  };
}

function describe({ calls, lost, worstMs }: WorkerFigures): string {
  return `${calls} calls, ${lost} lost, ${worstMs.toFixed(0)} ms`;
}

function row(...cells: readonly [string, string, string, string, string]): string {
  const [name, became, kept, booting, rss] = cells;
  return [name.padEnd(42), became.padEnd(58), kept.padEnd(26), booting.padEnd(26), rss].join(" ");
}
