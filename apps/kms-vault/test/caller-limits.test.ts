import { SettingsError } from "@talos-bridge/settings";
import { describe, expect, test } from "vitest";
import { createCallerLimits, MAX_LIMITED_KEYS, sourceNetworks } from "../src/caller-limits.ts";

function limits(options: {
  sources?: string;
  perAddress?: number;
  perUuid?: number;
}): ReturnType<typeof createCallerLimits> & { advance(ms: number): void } {
  let now = 1_000;
  const made = createCallerLimits({
    allowedSources: sourceNetworks().parse(options.sources ?? ""),
    perMinutePerAddress: options.perAddress ?? 0,
    perMinutePerUuid: options.perUuid ?? 0,
    now: () => now,
  });
  return { ...made, advance: (ms) => void (now += ms) };
}

describe("row 39: sources", () => {
  for (const { sources, address, want } of [
    { sources: "", address: "192.0.2.7", want: undefined },
    { sources: "", address: "no address", want: undefined },
    { sources: "192.0.2.0/24", address: "192.0.2.7", want: undefined },
    { sources: "192.0.2.0/24", address: "192.0.3.7", want: "source" },
    { sources: "192.0.2.0/24", address: "::ffff:192.0.2.7", want: undefined },
    { sources: "192.0.2.7", address: "192.0.2.7", want: undefined },
    { sources: "192.0.2.7", address: "192.0.2.8", want: "source" },
    { sources: "10.0.0.0/8, 2001:db8::/32", address: "2001:db8::1", want: undefined },
    { sources: "10.0.0.0/8, 2001:db8::/32", address: "2001:db9::1", want: "source" },
    { sources: "10.0.0.0/8", address: "2001:db8::1", want: "source" },
    { sources: "0.0.0.0/0", address: "192.0.2.7", want: undefined },
    { sources: "10.0.0.0/8", address: "", want: "source" },
    { sources: "10.0.0.0/8", address: "10.0.0.1.example", want: "source" },
  ]) {
    test(`${sources || "all"}: ${address}`, () =>
      expect(limits({ sources }).refusesAddress(address)).toBe(want));
  }

  for (const text of [
    "10.0.0.0/33",
    "10.0.0/8",
    "::/129",
    "10.0.0.0/",
    "10.0.0.0/08",
    "example.com",
    "10.0.0.1-10.0.0.9",
    "fe80::1%eth0",
  ]) {
    test(`${text} is a fault`, () => expect(() => sourceNetworks().parse(text)).toThrow(SettingsError));
  }
});

describe("row 39: calls a minute", () => {
  test("off by default", () => {
    const limit = limits({});
    for (let calls = 0; calls < 5_000; calls++) {
      expect([limit.refusesAddress("192.0.2.7"), limit.refusesUuid("a")]).toEqual([undefined, undefined]);
    }
  });

  test("of one address, and of one node, each by itself", () => {
    const limit = limits({ perAddress: 2, perUuid: 3 });
    const ask = (): unknown => [limit.refusesAddress("192.0.2.7"), limit.refusesUuid("a")];
    expect([ask(), ask(), ask(), ask()]).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      ["address-rate", undefined],
      ["address-rate", "uuid-rate"],
    ]);
    expect([limit.refusesAddress("192.0.2.8"), limit.refusesUuid("b")]).toEqual([undefined, undefined]);
    limit.advance(30_000);
    expect([limit.refusesAddress("192.0.2.7"), limit.refusesAddress("192.0.2.7")]).toEqual([
      undefined,
      "address-rate",
    ]);
  });

  test("a forbidden source uses up nothing", () => {
    const limit = limits({ sources: "10.0.0.0/8", perAddress: 1 });
    expect([limit.refusesAddress("192.0.2.7"), limit.refusesAddress("192.0.2.7")]).toEqual([
      "source",
      "source",
    ]);
  });

  test("the one whose last call is oldest is forgotten first", () => {
    const limit = limits({ perUuid: 1 });
    limit.refusesUuid("first");
    for (let key = 1; key < MAX_LIMITED_KEYS; key++) limit.refusesUuid(`key-${key}`);
    expect(limit.refusesUuid("first")).toBe("uuid-rate");
    limit.refusesUuid("one more");
    expect(limit.refusesUuid("first")).toBeUndefined();
  });
});
