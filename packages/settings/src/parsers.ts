import { isIPv6 } from "node:net";
import { formatDuration, parseDuration } from "./duration.ts";
import { refuse } from "./errors.ts";
import type { Parser } from "./setting.ts";

const TRUE = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const FALSE = new Set(["0", "f", "F", "false", "FALSE", "False"]);

/** Go's `strconv.ParseBool` spellings; as a flag it needs no value. */
export function boolean(): Parser<boolean> & { readonly bare: string } {
  return {
    type: "boolean",
    bare: "true",
    parse(value) {
      if (TRUE.has(value)) return true;
      if (FALSE.has(value)) return false;
      throw refuse("must be true or false");
    },
  };
}

/** A decimal integer within `min` and `max`, both included; without spaces, sign `+` or leading zeros. */
export function integer({ min, max }: { readonly min: number; readonly max: number }): Parser<number> {
  return {
    type: `integer, ${min} to ${max}`,
    parse(value) {
      const number = /^(?:0|-?[1-9][0-9]{0,15})$/.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) return number;
      throw refuse(`must be a whole number from ${min} to ${max}`);
    },
  };
}

/** A TCP port; 0 lets the system choose one. */
export function port(): Parser<number> {
  return { ...integer({ min: 0, max: 65_535 }), type: "port" };
}

/** A duration in Go's spelling ({@link parseDuration}), as milliseconds, within `min` and `max`, both included. */
export function duration(range: { readonly min?: number; readonly max?: number } = {}): Parser<number> {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = range;
  return {
    type: "duration",
    parse(value) {
      const milliseconds = parseDuration(value);
      if (milliseconds < min) throw refuse(`must be at least ${formatDuration(min)}`);
      if (milliseconds > max) throw refuse(`must be at most ${formatDuration(max)}`);
      return milliseconds;
    },
  };
}

/** Text as it is, an empty one too. `type` is the word for the reference page. */
export function text(type = "text"): Parser<string> {
  return { type, parse: (value) => value };
}

/** A file path, absolute or relative; only the empty one and a NUL byte are refused. */
export function path(): Parser<string> {
  return {
    type: "path",
    parse(value) {
      if (value === "" || value.includes("\0")) throw refuse("must be a path");
      return value;
    },
  };
}

/** Items between commas, trimmed; empty items are left out. */
export function commaList(): Parser<readonly string[]> {
  return {
    type: "list",
    parse: (value) =>
      value
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== ""),
  };
}

/** Where to listen. Without a host: on all addresses, IPv4 and IPv6. */
export interface ListenAddress {
  /** A name or an IP address without brackets. */
  readonly host: string | undefined;
  readonly port: number;
}

/** Go's listen address: `:8081`, `127.0.0.1:8081`, `localhost:8081`, `[::1]:8081`. */
export function address(): Parser<ListenAddress> {
  return {
    type: "address",
    parse(value) {
      const { six, name, digits } =
        /^(?:\[(?<six>[^[\]]*)\]|(?<name>[A-Za-z0-9._-]*)):(?<digits>0|[1-9][0-9]{0,4})$/.exec(value)
          ?.groups ?? {};
      const number = Number(digits);
      if (digits === undefined || number > 65_535 || (six !== undefined && !isIPv6(six))) {
        throw refuse("must be an address with a port, such as :8081, 127.0.0.1:8081 or [::1]:8081");
      }
      const host = six ?? name;
      return { host: host === "" ? undefined : host, port: number };
    },
  };
}

/** One of a few words, whatever their case; the value is the word as the list has it. */
export function oneOf<const T extends string>(choices: readonly T[]): Parser<T> {
  return {
    type: choices.join(" | "),
    parse(value) {
      const choice = choices.find((each) => each.toLowerCase() === value.toLowerCase());
      if (choice === undefined) throw refuse(`must be one of ${choices.join(", ")}`);
      return choice;
    },
  };
}
