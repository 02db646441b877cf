import { VaultError, type VaultErrorCode } from "./errors.ts";
import type { VaultHttpResponse } from "./request.ts";

/** A JSON object whose fields are still to be checked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What Vault answered with 200 or 204. */
export interface VaultAnswer {
  readonly status: number;
  /** The `data` field; empty where there is none. */
  readonly data: JsonObject;
  /** The `auth` field of a login or renewal. */
  readonly auth: JsonObject | undefined;
  /** The `wrap_info` field of a wrapped answer. */
  readonly wrapInfo: JsonObject | undefined;
  readonly warnings: readonly string[];
}

/** Characters of Vault's own words that are kept, each and in number. */
const MAX_REASON_LENGTH = 300;
const MAX_REASONS = 5;

/**
 * Turns an HTTP response into an answer, or throws what its status means. Statuses count only with Vault's own JSON: a
 * 400 or 403 from a proxy, or from a TLS port spoken to in plaintext, says nothing about keys and policies.
 *
 * @param sent texts of the request that must not come back in an error: the token, the values of the body
 * @throws VaultError
 */
export function readAnswer(response: VaultHttpResponse, sent: readonly string[]): VaultAnswer {
  const { status, body } = response;
  if (status === 204) return { status, data: {}, auth: undefined, wrapInfo: undefined, warnings: [] };
  const json = parseObject(body);
  if (status === 200) {
    if (json === undefined) throw badResponse("an answer that is no JSON object", status);
    return {
      status,
      data: asObject(json["data"]) ?? {},
      auth: asObject(json["auth"]),
      wrapInfo: asObject(json["wrap_info"]),
      warnings: texts(json["warnings"], sent),
    };
  }
  throw statusError(response, json, sent);
}

export function badResponse(what: string, status?: number): VaultError {
  return new VaultError("ERR_VAULT_BAD_RESPONSE", `vault gave ${what}`, { status, retryable: true });
}

export function asObject(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function parseObject(body: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(body));
  } catch {
    return undefined;
  }
}

function statusError(
  { status, headers }: VaultHttpResponse,
  json: JsonObject | undefined,
  sent: readonly string[],
): VaultError {
  const reasons = texts(json?.["errors"], sent);
  const fail = (code: VaultErrorCode, message: string, retryable = false): VaultError =>
    new VaultError(code, message + (reasons.length > 0 ? `: ${reasons.join("; ")}` : ""), {
      status,
      reasons,
      retryable,
      retryAfterMs: retryAfter(headers["retry-after"]),
    });
  // Load balancers give 429, 502, 503 without Vault's JSON; they mean the same from them.
  if (status === 429) return fail("ERR_VAULT_RATE_LIMITED", "vault limits the rate", true);
  if (status === 503 && reasons.some((reason) => /\bsealed\b/i.test(reason))) {
    return fail("ERR_VAULT_SEALED", "vault is sealed (503)", true);
  }
  if (status === 412 || status >= 500) {
    return fail("ERR_VAULT_UNAVAILABLE", `vault answers ${status}`, status !== 501);
  }
  if (status >= 300 && status < 400) {
    return fail("ERR_VAULT_REDIRECTED", `vault answers ${status}, which is not followed`, true);
  }
  if (!Array.isArray(json?.["errors"])) return badResponse(`status ${status} without its JSON`, status);
  if (status === 400) {
    return reasons.some((reason) => reason.includes("encryption key not found"))
      ? fail("ERR_VAULT_KEY_NOT_FOUND", "vault has no such key (400)")
      : fail("ERR_VAULT_REJECTED", "vault rejects the request (400)");
  }
  if (status === 403) return fail("ERR_VAULT_FORBIDDEN", "vault forbids the request (403)");
  if (status === 404) return fail("ERR_VAULT_MOUNT_MISSING", "vault has nothing at this path (404)");
  if (status === 405) return fail("ERR_VAULT_UNSUPPORTED", "vault does not support the operation (405)");
  return badResponse(`unexpected status ${status}`, status);
}

/** The strings of a list, on one line each and bounded; one that repeats what was sent is withheld. */
function texts(value: unknown, sent: readonly string[]): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter((item) => typeof item === "string")
    .slice(0, MAX_REASONS)
    .map((text) =>
      sent.some((secret) => secret !== "" && text.includes(secret))
        ? "(withheld, since it repeats what was sent)"
        : text.replace(/[^\x20-\x7e]+/g, " ").slice(0, MAX_REASON_LENGTH),
    );
}

/** Vault sends whole seconds; the date form of RFC 9110 §10.2.3 would need a wall clock and counts as absent. */
function retryAfter(value: string | readonly string[] | undefined): number | undefined {
  return typeof value === "string" && /^[0-9]{1,6}$/.test(value) ? Number(value) * 1000 : undefined;
}
