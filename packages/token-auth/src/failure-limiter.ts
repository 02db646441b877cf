export interface FailureLimiter {
  /** False while the address has used up its failures. */
  allows(address: string): boolean;
  /** Notes one failure of the address. */
  failed(address: string): void;
}

export interface FailureLimiterOptions {
  /** Failures that one address may have a minute; as many may come at once. 0: no limit, nothing is kept. */
  readonly perMinute: number;
  /** Milliseconds of a clock that never goes back, such as `performance.now`. */
  readonly now: () => number;
}

/** Addresses kept at most; past it the one whose last failure is oldest is forgotten. About 1 MB. */
export const MAX_LIMITED_ADDRESSES = 10_000;

/**
 * Counts failures by address in a bucket that empties steadily: `perMinute` of them fit, and one minute empties a full
 * bucket. Memory is bounded, and a forgotten address only regains its failures; someone with more than 10,000 addresses
 * is no longer held by this limit, as by none that goes by address.
 */
export function createFailureLimiter({ perMinute, now }: FailureLimiterOptions): FailureLimiter {
  if (perMinute <= 0) return { allows: () => true, failed: () => undefined };
  // A Map keeps the order of insertion: the first key is the address whose last failure is oldest.
  const buckets = new Map<string, { readonly level: number; readonly at: number }>();
  const emptiedEachMs = perMinute / 60_000;

  function level(address: string, at: number): number {
    const bucket = buckets.get(address);
    return bucket === undefined ? 0 : Math.max(0, bucket.level - (at - bucket.at) * emptiedEachMs);
  }

  return {
    allows: (address) => level(address, now()) + 1 <= perMinute,
    failed(address) {
      const at = now();
      const filled = Math.min(perMinute, level(address, at) + 1);
      buckets.delete(address);
      buckets.set(address, { level: filled, at });
      const [oldest] = buckets.keys();
      if (buckets.size > MAX_LIMITED_ADDRESSES && oldest !== undefined) buckets.delete(oldest);
    },
  };
}
