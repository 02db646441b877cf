import type { Timers } from "@talos-bridge/leader";

/** A clock that moves when told to, leaving room for what follows from each event. */
export interface FakeTimers extends Timers {
  advance(ms: number): Promise<void>;
  readonly pending: number;
}

export function createFakeTimers(): FakeTimers {
  const due = new Set<{ readonly at: number; readonly run: () => void }>();
  let now = 1_000;
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => now,
    schedule(ms, run) {
      const entry = { at: now + ms, run };
      due.add(entry);
      return () => due.delete(entry);
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const [next] = [...due].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
        if (next === undefined) break;
        due.delete(next);
        now = Math.max(now, next.at);
        next.run();
        await settle();
      }
      now = end;
    },
    get pending() {
      return due.size;
    },
  };
}
