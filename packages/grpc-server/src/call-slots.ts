/** A bounded number of calls worked on at once; the rest wait in order. */
export interface CallSlots {
  readonly running: number;
  readonly waiting: number;
  /** Calls `start` now or, in its turn, later. False if too many wait already; then it's never called. */
  take(start: () => void): boolean;
  /** Takes a `start` out of the queue that was not called yet. */
  leave(start: () => void): void;
  /** Gives a place back: once for every `start` that was called. */
  release(): void;
}

export function createCallSlots(limits: {
  readonly maxCalls: number;
  readonly maxWaitingCalls: number;
}): CallSlots {
  const queue = new Set<() => void>();
  let running = 0;
  return {
    get running() {
      return running;
    },
    get waiting() {
      return queue.size;
    },
    take(start) {
      if (running < limits.maxCalls) {
        running++;
        start();
        return true;
      }
      if (queue.size >= limits.maxWaitingCalls) return false;
      queue.add(start);
      return true;
    },
    leave(start) {
      queue.delete(start);
    },
    release() {
      for (const next of queue) {
        queue.delete(next);
        next();
        return;
      }
      running--;
    },
  };
}
