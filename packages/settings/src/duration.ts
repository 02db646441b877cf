import { refuse } from "./errors.ts";

const UNIT_NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  "\u00b5s": 1_000n, // micro sign
  "\u03bcs": 1_000n, // Greek letter mu
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const MAX_NANOSECONDS = 2n ** 63n - 1n;
// No duration that fits needs more, and conversions of long digit strings cost quadratic time.
const MAX_LENGTH = 128;
const PART = /(?<whole>[0-9]*)(?:\.(?<fraction>[0-9]*))?(?<unit>[^0-9.]+)/gy;

/**
 * Reads a duration in the grammar of Go's `time.ParseDuration`: an optional sign, then numbers with a unit (`ns`, `us`,
 * `µs`, `ms`, `s`, `m`, `h`), such as `15s`, `1h30m`, `-1.5h`; a bare `0` is the one number that needs no unit.
 *
 * @returns milliseconds, with a fraction where the text is finer than that
 * @throws SettingsError `ERR_SETTINGS_VALUE`
 */
export function parseDuration(text: string): number {
  const unsigned = text.replace(/^[+-]/, "");
  if (unsigned === "0") return 0;
  if (unsigned === "" || unsigned.length > MAX_LENGTH) throw malformed();
  let total = 0n;
  let end = 0;
  for (const { groups, 0: part } of unsigned.matchAll(PART)) {
    const { whole = "", fraction = "", unit = "" } = groups ?? {};
    const nanoseconds = Object.hasOwn(UNIT_NANOSECONDS, unit) ? UNIT_NANOSECONDS[unit] : undefined;
    if (nanoseconds === undefined || whole + fraction === "") throw malformed();
    total += BigInt(whole) * nanoseconds + (BigInt(fraction) * nanoseconds) / 10n ** BigInt(fraction.length);
    end += part.length;
  }
  if (end !== unsigned.length) throw malformed();
  if (total > MAX_NANOSECONDS) throw refuse("is longer than a duration can be (about 292 years)");
  // Apart, since a duration of more than 104 days has more nanoseconds than a number counts exactly.
  const milliseconds = Number(total / 1_000_000n) + Number(total % 1_000_000n) / 1e6;
  return text.startsWith("-") && milliseconds !== 0 ? -milliseconds : milliseconds;
}

/** Milliseconds as the shortest text that {@link parseDuration} reads back, such as `1h30m`. */
export function formatDuration(milliseconds: number): string {
  const sign = milliseconds < 0 ? "-" : "";
  let rest = Math.abs(milliseconds);
  let out = "";
  for (const [unit, size] of [
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1_000],
  ] as const) {
    const count = Math.floor(rest / size);
    if (count > 0) out += `${count}${unit}`;
    rest -= count * size;
  }
  if (rest > 0) out += `${rest}ms`;
  return out === "" ? "0s" : sign + out;
}

function malformed(): Error {
  return refuse("must be a duration, such as 15s, 1h30m or 500ms");
}
