import { createFailureLimiter, MAX_LIMITED_ADDRESSES, type FailureLimiter } from "@talos-bridge/token-auth";
import { describe, expect, test } from "vitest";

function limiter(perMinute: number): FailureLimiter & { advance(ms: number): void } {
  let now = 1_000_000;
  return { ...createFailureLimiter({ perMinute, now: () => now }), advance: (ms) => void (now += ms) };
}

function failTimes(limit: FailureLimiter, address: string, times: number): void {
  for (let count = 0; count < times; count++) limit.failed(address);
}

describe("row 23: failures by address", () => {
  test("off at 0", () => {
    const limit = limiter(0);
    failTimes(limit, "10.0.0.1", 1_000);
    expect(limit.allows("10.0.0.1")).toBe(true);
  });

  test("as many as set, then no more, and only that address", () => {
    const limit = limiter(3);
    failTimes(limit, "10.0.0.1", 2);
    expect(limit.allows("10.0.0.1")).toBe(true);
    failTimes(limit, "10.0.0.1", 1);
    expect(limit.allows("10.0.0.1")).toBe(false);
    expect(limit.allows("10.0.0.2")).toBe(true);
  });

  test("one is regained in its share of a minute", () => {
    const limit = limiter(3);
    failTimes(limit, "10.0.0.1", 3);
    limit.advance(19_999);
    expect(limit.allows("10.0.0.1")).toBe(false);
    limit.advance(1);
    expect(limit.allows("10.0.0.1")).toBe(true);
    failTimes(limit, "10.0.0.1", 1);
    expect(limit.allows("10.0.0.1")).toBe(false);
  });

  test("all are regained after a minute, however many there were", () => {
    const limit = limiter(3);
    failTimes(limit, "10.0.0.1", 500);
    limit.advance(60_000);
    failTimes(limit, "10.0.0.1", 2);
    expect(limit.allows("10.0.0.1")).toBe(true);
  });

  test("asking costs nothing", () => {
    const limit = limiter(1);
    for (let count = 0; count < 100; count++) limit.allows("10.0.0.1");
    expect(limit.allows("10.0.0.1")).toBe(true);
  });

  test("the address whose last failure is oldest is forgotten first", () => {
    const limit = limiter(2);
    failTimes(limit, "busy", 2);
    failTimes(limit, "quiet", 2);
    for (let index = 0; index < MAX_LIMITED_ADDRESSES - 2; index++) limit.failed(`flood-${index}`);
    expect([limit.allows("busy"), limit.allows("quiet")]).toEqual([false, false]);
    limit.failed("busy");
    limit.failed("one more");
    expect([limit.allows("busy"), limit.allows("quiet")]).toEqual([false, true]);
  });
});
