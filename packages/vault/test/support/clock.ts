import type { VaultTimers } from "@talos-bridge/vault";

/** A clock that stands still until told to move. */
export interface TestClock extends VaultTimers {
  /** Moves on by `ms`, running what falls due in its order, each with time for promises to settle. */
  advance(ms: number): Promise<void>;
  /** Times on the clock, from now, at which something is due. */
  due(): readonly number[];
}

export function createTestClock(): TestClock {
  let now = 0;
  let timers: { readonly at: number; readonly run: () => void }[] = [];
  return {
    now: () => now,
    schedule(ms, then) {
      const timer = { at: now + ms, run: then };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    due: () => timers.map(({ at }) => at - now).toSorted((a, b) => a - b),
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const [next] = timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        now = Math.max(now, next.at);
        next.run();
        await settle();
      }
      now = end;
    },
  };
}

/** Gives promises that wait for nothing outside their turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
