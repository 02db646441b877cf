import { VaultError } from "./errors.ts";
import { pause, type VaultTimers } from "./timers.ts";

/** Waits for a place; rejects where there is none before the deadline. */
export type RateLimiter = (deadline: number, signal: AbortSignal | undefined) => Promise<void>;

export interface RateLimit {
  /** Requests a second. */
  readonly rate: number;
  /** Requests that may come at once. */
  readonly burst: number;
}

/** The limiter of VAULT_RATE_LIMIT: a bucket of `burst` places that refills at `rate` a second. */
export function createRateLimiter({ rate, burst }: RateLimit, timers: VaultTimers): RateLimiter {
  let places = burst;
  let at = timers.now();
  return async (deadline, signal) => {
    const now = timers.now();
    places = Math.min(burst, places + ((now - at) / 1000) * rate);
    at = now;
    const wait = places >= 1 ? 0 : ((1 - places) / rate) * 1000;
    if (now + wait > deadline) {
      throw new VaultError("ERR_VAULT_RATE_LIMITED", "the client's own rate limit leaves no time");
    }
    // Taken before the wait, so that those who come next queue behind it.
    places -= 1;
    if (wait > 0) await pause(timers, wait, signal);
  };
}
