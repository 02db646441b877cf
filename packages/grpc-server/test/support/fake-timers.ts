import type { Timers } from "@talos-bridge/grpc-server";

/** A clock that moves when told to. */
export interface FakeTimers extends Timers {
  /** Moves on, running what is due in order. */
  advance(ms: number): void;
  readonly pending: number;
}

export function createFakeTimers(): FakeTimers {
  const due = new Set<{ readonly at: number; readonly run: () => void }>();
  let now = 0;
  return {
    now: () => now,
    schedule(ms, run) {
      const entry = { at: now + ms, run };
      due.add(entry);
      return () => due.delete(entry);
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = [...due].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
        if (next === undefined) break;
        due.delete(next);
        now = Math.max(now, next.at);
        next.run();
      }
      now = end;
    },
    get pending() {
      return due.size;
    },
  };
}
