import { VaultError } from "./errors.ts";

/** The clock, so that tests need no waiting. */
export interface VaultTimers {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Runs `then` once after `ms`; the answer cancels it. Keeps the process alive only where `awaited` is true. */
  schedule(ms: number, then: () => void, awaited?: boolean): () => void;
}

/** setTimeout counts in 32 bits and fires at once for more. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The real clock. */
export const systemTimers: VaultTimers = {
  now: () => performance.now(),
  schedule(ms, then, awaited = false) {
    const timer = setTimeout(then, Math.min(ms, MAX_DELAY_MS));
    if (!awaited) timer.unref();
    return () => clearTimeout(timer);
  },
};

export function abortedError(): VaultError {
  return new VaultError("ERR_VAULT_ABORTED", "the call was aborted by its caller");
}

/** An attempt's end by the clock: the reason of its signal, and what its call throws. */
export function timedOutError(ms: number): VaultError {
  return new VaultError("ERR_VAULT_TIMEOUT", `vault gave no answer in ${Math.round(ms)} ms`, {
    retryable: true,
  });
}

/** Waits; rejects with `ERR_VAULT_ABORTED` as soon as the signal is aborted. */
export function pause(timers: VaultTimers, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(abortedError());
    const onAbort = (): void => {
      cancel();
      reject(abortedError());
    };
    const done = (): void => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    };
    const cancel = timers.schedule(ms, done, true);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Settles as the promise does, or rejects at the deadline or on abort; the promise itself goes on. */
export function waitFor<T>(
  promise: Promise<T>,
  timers: VaultTimers,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(abortedError());
    const end = (): void => {
      cancel();
      signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = (): void => {
      end();
      reject(abortedError());
    };
    const onTimeout = (): void => {
      end();
      reject(new VaultError("ERR_VAULT_TIMEOUT", "the call's time is over", { retryable: true }));
    };
    const cancel = timers.schedule(Math.max(0, deadline - timers.now()), onTimeout, true);
    signal?.addEventListener("abort", onAbort, { once: true });
    promise.then(
      (value) => {
        end();
        resolve(value);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
  });
}
