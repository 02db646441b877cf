import { formatDuration, parseDuration, SettingsError } from "@talos-bridge/settings";
import { describe, expect, test } from "vitest";

describe("durations that Go reads", () => {
  for (const { text, want } of [
    { text: "0", want: 0 },
    { text: "-0", want: 0 },
    { text: "+0", want: 0 },
    { text: "0s", want: 0 },
    { text: "15s", want: 15_000 },
    { text: "+5s", want: 5_000 },
    { text: "-5s", want: -5_000 },
    { text: "5.s", want: 5_000 },
    { text: ".5s", want: 500 },
    { text: "-.5s", want: -500 },
    { text: "1.004s", want: 1_004 },
    { text: "0100.00100s", want: 100_001 },
    { text: "500ms", want: 500 },
    { text: "10ns", want: 0.000_01 },
    { text: "11us", want: 0.011 },
    { text: "12\u00b5s", want: 0.012 },
    { text: "12\u03bcs", want: 0.012 },
    { text: "0.3333333333333333333h", want: 1_199_999.999_999 },
    { text: "1h30m", want: 5_400_000 },
    { text: "10.5s4m", want: 250_500 },
    { text: "-2m3.4s", want: -123_400 },
    { text: "1h2m3s4ms5us6ns", want: 3_723_004.005_006 },
    { text: "24h", want: 86_400_000 },
    { text: "9223372036854775807ns", want: 9_223_372_036_854.775 },
  ]) {
    test(text, () => expect(parseDuration(text)).toBe(want));
  }
});

describe("texts that are no duration", () => {
  for (const text of [
    "",
    "+",
    "-",
    "3",
    "-3",
    ".",
    "s",
    ".s",
    "+.s",
    "-.s",
    "1d",
    "1 s",
    " 1s",
    "1s ",
    "1s\n",
    "+-1s",
    "--1s",
    "1S",
    "1sec",
    "1.5.5s",
    "1e3s",
    "0x1s",
    "1s2",
    "1s.",
    "\u0661s",
    "1s,2s",
    "00",
    "constructor",
    "1toString",
    "9223372036854775808ns",
    "2562048h",
    "1".repeat(129) + "s",
  ]) {
    test(JSON.stringify(text.slice(0, 30)), () => {
      expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: "ERR_SETTINGS_VALUE" }));
      expect(() => parseDuration(text)).toThrow(SettingsError);
    });
  }
});

test("a formatted duration reads back", () => {
  const texts = [0, 500, 1_000, 90_000, 5_400_000, 46_800_000, 3_723_004, -1_500, 0.5].map((milliseconds) => {
    expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
    return formatDuration(milliseconds);
  });
  expect(texts).toEqual(["0s", "500ms", "1s", "1m30s", "1h30m", "13h", "1h2m3s4ms", "-1s500ms", "0.5ms"]);
});
