/** The clock of the server, so that tests need no waiting. */
export interface Timers {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Runs `then` once after `ms`; the answer cancels it. Must not keep the process alive. */
  schedule(ms: number, then: () => void): () => void;
}

/** The real clock. */
export const systemTimers: Timers = {
  now: () => performance.now(),
  schedule(ms, then) {
    const timer = setTimeout(then, ms).unref();
    return () => clearTimeout(timer);
  },
};
