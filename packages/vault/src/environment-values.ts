import { checkPath } from "./paths.ts";
import type { RateLimit } from "./rate-limit.ts";

// Each returns undefined for a text that is no such value.

/** As Go's strconv.ParseBool. */
export function parseBoolean(text: string): boolean | undefined {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(?:0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Whole seconds, or a duration such as `1m30s`; milliseconds. */
export function parseTimeout(text: string): number | undefined {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1000;
  if (!/^(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, number = "", unit = ""] of text.matchAll(/([0-9.]+)(ms|s|m|h)/g)) {
    total += Number(number) * (UNIT_MS[unit] ?? 0);
  }
  return total;
}

export function parseCount(text: string): number | undefined {
  return /^[0-9]{1,6}$/.test(text) ? Number(text) : undefined;
}

/** `RATE` or `RATE:BURST`; the burst is the rate's whole part if not given. */
export function parseRateLimit(text: string): RateLimit | undefined {
  const { rate, burst } =
    /^(?<rate>[0-9]{1,9}(?:\.[0-9]{1,9})?)(?::(?<burst>[0-9]{1,9}))?$/.exec(text)?.groups ?? {};
  const limit = { rate: Number(rate), burst: burst === undefined ? Math.floor(Number(rate)) : Number(burst) };
  return rate !== undefined && limit.rate > 0 && limit.burst > 0 ? limit : undefined;
}

/** A JSON object of header names and texts, without Vault's own. */
export function parseHeaders(text: string): Readonly<Record<string, string>> | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    const good = /^[A-Za-z0-9-]+$/.test(name) && !/^x-vault-/i.test(name);
    if (!good || typeof value !== "string" || !/^[\x20-\x7e]*$/.test(value)) return undefined;
    headers[name] = value;
  }
  return headers;
}

/** A namespace or mount path. */
export function parsePath(text: string): string | undefined {
  try {
    return checkPath(text);
  } catch {
    return undefined;
  }
}
