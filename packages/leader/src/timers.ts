/** The clock that decisions rest on, so that tests need no waiting. */
export interface Timers {
  /** Milliseconds of a clock that never goes back, such as `performance.now`. */
  now(): number;
  /** Runs `then` once after `ms`; the answer cancels it. Should not keep the process alive. */
  schedule(ms: number, then: () => void): () => void;
}

/** Returns after `ms`, or as soon as the signal is aborted. */
export async function pause(ms: number, timers: Timers, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  const cancel = timers.schedule(ms, end);
  signal.addEventListener("abort", end);
  await promise;
  // The signal lives as long as the service: listeners left on it would pile up.
  signal.removeEventListener("abort", end);
  cancel();
}

/** The work's outcome, unless the signal is aborted first: work that ignores the signal must not hold up its caller. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort);
  work.then(resolve, reject);
  if (signal.aborted) abort();
  try {
    const outcome = await promise;
    signal.throwIfAborted();
    return outcome;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
