/** When to act on a token, as the LifetimeWatcher of Vault's Go client (openbao/openbao, api/lifetime_watcher.go). */
export interface Lifetime {
  /** On the session's clock; Infinity for a token without an end. */
  readonly expiresAt: number;
  /** What is kept in reserve: 10 to 20 % of the time to live, at random. */
  readonly graceMs: number;
  /** Two thirds of the time to live and a third of the grace: what is left then is always more than the grace. */
  readonly actAt: number;
}

/** @param issuedAt when the request that yielded the token was sent, so that its end is never put too late */
export function lifetimeOf(issuedAt: number, ttlMs: number, random: () => number): Lifetime {
  if (ttlMs === Infinity) return { expiresAt: Infinity, graceMs: 0, actAt: Infinity };
  const graceMs = ttlMs * (0.1 + 0.1 * random());
  return { expiresAt: issuedAt + ttlMs, graceMs, actAt: issuedAt + (ttlMs * 2) / 3 + graceMs / 3 };
}

/** Less than this is rounding: Vault counts whole seconds. */
const GROWTH_MS = 1_500;

/** Whether a renewal moved the token's end. Where it did not, its max TTL is reached. */
export function hasGrown(before: Lifetime, after: Lifetime): boolean {
  return after.expiresAt > before.expiresAt + Math.min(GROWTH_MS, before.graceMs / 2);
}

/** 1 s, 2 s, 4 s … 5 min, a quarter of it at random. `failures` counts from 1. */
export function loginBackoff(failures: number, random: () => number): number {
  return jittered(Math.min(300_000, 1_000 * 2 ** Math.min(failures - 1, 20)), random);
}

/** 10 s, 20 s, 40 s … 5 min, a quarter of it at random. */
export function renewBackoff(failures: number, random: () => number): number {
  return jittered(Math.min(300_000, 10_000 * 2 ** Math.min(failures - 1, 20)), random);
}

function jittered(ms: number, random: () => number): number {
  return ms * (0.75 + 0.25 * random());
}
