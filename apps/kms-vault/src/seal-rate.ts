import { refuse, type Parser } from "@talos-bridge/settings";

/** Each Seal may make a key in Vault for good: this bounds how many. */
export interface SealRateLimit {
  /** Seals a second, in the long run. */
  readonly perSecond: number;
  /** Seals at once, after a quiet time. */
  readonly burst: number;
}

export interface SealRate {
  /** Whether one more Seal may be worked on now; if so it is counted. */
  take(): boolean;
}

/** A bucket of `burst` places that refills steadily, one for all callers. `now`: milliseconds of a clock that never goes back. */
export function createSealRate({ perSecond, burst }: SealRateLimit, now: () => number): SealRate {
  let places = burst;
  let at = now();
  return {
    take() {
      const moment = now();
      places = Math.min(burst, places + ((moment - at) / 1_000) * perSecond);
      at = moment;
      if (places < 1) return false;
      places -= 1;
      return true;
    },
  };
}

const MAX_RATE = 1_000_000;

/** `RATE` or `RATE:BURST`, as Vault writes a rate: Seals a second, and at once. Without a burst it is the rate, rounded up. */
export function sealRate(): Parser<SealRateLimit> {
  return {
    type: "`RATE` or `RATE:BURST`",
    parse(text) {
      const { rate, burst } =
        /^(?<rate>[0-9]{1,7}(?:\.[0-9]{1,3})?)(?::(?<burst>[0-9]{1,7}))?$/.exec(text)?.groups ?? {};
      const perSecond = Number(rate);
      const places = burst === undefined ? Math.ceil(perSecond) : Number(burst);
      if (perSecond > 0 && perSecond <= MAX_RATE && places >= 1 && places <= MAX_RATE) {
        return { perSecond, burst: places };
      }
      throw refuse(`must be RATE or RATE:BURST, such as 50:1000, above 0 and up to ${MAX_RATE}`);
    },
  };
}
