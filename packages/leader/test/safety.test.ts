import { createElector, type LeaseDurations } from "@talos-bridge/leader";
import { expect, test } from "vitest";
import { World, type Trouble } from "./support/world.ts";

const DURATIONS: LeaseDurations = { leaseDuration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 };
const RUNS = 25;
const PAUSES = 40;

/** A generator of numbers from 0 to below `limit`, the same on each run (a linear congruence modulo 2^32). */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32) * limit;
  };
}

interface Outcome {
  pauses: number;
  checks: number;
  /** Checks at which somebody led. */
  led: number;
  /** How often the lease changed hands. */
  transitions: number;
}

/**
 * Three candidates; one that waits for an answer or a timer is paused there, now and then for longer than a lease. Before
 * and after each event everybody is asked whether it leads, as if it were about to act.
 */
async function run(seed: number, trouble: Trouble): Promise<Outcome> {
  const random = generator(seed);
  const world = new World(random, trouble);
  const outcome = { pauses: 0, checks: 0, led: 0, transitions: 0 };
  const candidates = ["a", "b", "c"].map((identity) => {
    const process = world.process();
    const elector = createElector({
      lock: process.lock,
      timers: process.timers,
      identity,
      durations: DURATIONS,
      wallClock: () => 0, // a clock that stands still must not matter
      random: () => random(1),
    });
    return { identity, process, elector };
  });
  let next = 50;
  world.onWait = (process) => {
    if (world.waits < next || outcome.pauses >= PAUSES) return;
    outcome.pauses++;
    next = world.waits + 1 + Math.floor(random(40));
    // Around the deadline, around the lease's end, and far beyond.
    process.pause([random(12_000), 5_000 + random(15_000), random(60_000)][Math.floor(random(3))] ?? 0);
  };

  function check(): void {
    const leaders = candidates.filter(({ elector }) => elector.isLeader());
    outcome.checks++;
    outcome.led += leaders.length;
    expect(leaders.length).toBeLessThanOrEqual(1);
    for (const { identity } of leaders) {
      expect(world.written?.record.holderIdentity).toBe(identity);
      // Well before the lease's end: the difference is left to clocks of different speed.
      expect(world.now).toBeLessThan((world.written?.at ?? 0) + DURATIONS.renewDeadline);
    }
  }

  for (const { elector } of candidates) elector.start();
  while (outcome.pauses < PAUSES) {
    await world.step(check);
    check();
  }
  outcome.transitions = world.written?.record.leaseTransitions ?? 0;
  return outcome;
}

for (const { name, trouble } of [
  { name: "on a sound network", trouble: { requestLost: 0, answerLost: 0 } },
  { name: "where requests and answers are lost", trouble: { requestLost: 0.05, answerLost: 0.1 } },
]) {
  test(`in 1,000 pauses at any wait no two lead, and nobody after its lease, ${name}`, async () => {
    const total = { pauses: 0, checks: 0, led: 0, transitions: 0 };
    for (let seed = 1; seed <= RUNS; seed++) {
      const outcome = await run(seed, trouble);
      total.pauses += outcome.pauses;
      total.checks += outcome.checks;
      total.led += outcome.led;
      total.transitions += outcome.transitions;
    }
    expect(total.pauses).toBe(RUNS * PAUSES);
    // Nobody leading would be safe too.
    expect(total.led / total.checks).toBeGreaterThan(0.5);
    expect(total.transitions).toBeGreaterThan(100);
  });
}
