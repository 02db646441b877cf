import { SettingsError } from "@talos-bridge/settings";
import { describe, expect, test } from "vitest";
import { createSealRate, sealRate } from "../src/seal-rate.ts";

function clock(): { now: () => number; advance: (ms: number) => void } {
  let now = 5_000;
  return { now: () => now, advance: (ms) => void (now += ms) };
}

function takeAll(take: () => boolean): number {
  let taken = 0;
  while (take()) taken++;
  return taken;
}

describe("row 35, row 39: Seals over all callers", () => {
  test("the burst at once, then the rate", () => {
    const time = clock();
    const rate = createSealRate(sealRate().parse("50:1000"), time.now);
    expect(takeAll(() => rate.take())).toBe(1000);
    time.advance(19);
    expect(rate.take()).toBe(false);
    time.advance(1);
    expect(takeAll(() => rate.take())).toBe(1);
    time.advance(1_000);
    expect(takeAll(() => rate.take())).toBe(50);
  });

  test("a quiet hour gives one burst, not more", () => {
    const time = clock();
    const rate = createSealRate({ perSecond: 50, burst: 1000 }, time.now);
    takeAll(() => rate.take());
    time.advance(3_600_000);
    expect(takeAll(() => rate.take())).toBe(1000);
  });

  test("refused Seals cost nothing", () => {
    const time = clock();
    const rate = createSealRate({ perSecond: 1, burst: 1 }, time.now);
    rate.take();
    for (let tries = 0; tries < 100; tries++) {
      time.advance(9);
      expect(rate.take()).toBe(false);
    }
    time.advance(100);
    expect(rate.take()).toBe(true);
  });

  test("less than one a second", () => {
    const time = clock();
    const rate = createSealRate({ perSecond: 0.5, burst: 1 }, time.now);
    expect(takeAll(() => rate.take())).toBe(1);
    time.advance(2_000);
    expect(takeAll(() => rate.take())).toBe(1);
  });
});

describe("its text", () => {
  for (const { text, want } of [
    { text: "50:1000", want: { perSecond: 50, burst: 1000 } },
    { text: "50", want: { perSecond: 50, burst: 50 } },
    { text: "0.5", want: { perSecond: 0.5, burst: 1 } },
    { text: "0.125:3", want: { perSecond: 0.125, burst: 3 } },
    { text: "1000000:1000000", want: { perSecond: 1_000_000, burst: 1_000_000 } },
  ]) {
    test(text, () => expect(sealRate().parse(text)).toEqual(want));
  }

  for (const text of [
    "",
    "0",
    "0:5",
    "5:0",
    "-1",
    "5:",
    ":5",
    "1e3",
    "50/s",
    "5:5:5",
    "1000001",
    "1:1000001",
    "NaN",
    " 5",
  ]) {
    test(`${JSON.stringify(text)} is a fault`, () =>
      expect(() => sealRate().parse(text)).toThrow(SettingsError));
  }
});
