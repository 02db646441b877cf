import { badResponse, type VaultAnswer } from "../answer.ts";
import { VaultError } from "../errors.ts";
import type { ReadTextFile, VaultLogin } from "./method.ts";

/** A secret's text as such, or the file that holds it. */
export type Credential =
  { readonly text: string } | { readonly file: string; readonly readFile: ReadTextFile };

// What HTTP takes for a header value; every credential of Vault fits.
const CREDENTIAL = /^[\x21-\x7e]+$/;

/**
 * The credential now, without the white space around it.
 *
 * @throws VaultError `ERR_VAULT_CREDENTIALS`, naming the file or the credential, never its content
 */
export async function readCredential(what: string, credential: Credential): Promise<string> {
  const trimmed = ("text" in credential ? credential.text : await readText(what, credential)).trim();
  if (!CREDENTIAL.test(trimmed)) {
    const fault = trimmed === "" ? "is empty" : "has characters that no such credential has";
    throw new VaultError("ERR_VAULT_CREDENTIALS", `the ${what} ${fault}`);
  }
  return trimmed;
}

async function readText(
  what: string,
  { file, readFile }: Extract<Credential, { file: string }>,
): Promise<string> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new VaultError("ERR_VAULT_CREDENTIALS", `the file of the ${what}, ${file}, cannot be read`, {
      cause,
      retryable: true,
    });
  }
}

/**
 * The token in the answer to a login or renewal.
 *
 * @throws VaultError `ERR_VAULT_BAD_RESPONSE`; `ERR_VAULT_CREDENTIALS` for a token with limited uses, which would fail
 * in the middle of work
 */
export function readLogin({ auth }: VaultAnswer): VaultLogin {
  const token = auth?.["client_token"];
  const seconds = auth?.["lease_duration"];
  if (auth === undefined || typeof token !== "string" || !CREDENTIAL.test(token) || !isTtl(seconds)) {
    throw badResponse("no token", 200);
  }
  const uses = auth["num_uses"] ?? 0;
  if (uses !== 0) {
    throw new VaultError(
      "ERR_VAULT_CREDENTIALS",
      "the role gives tokens of limited use; set token_num_uses to 0",
    );
  }
  return {
    token,
    ttlMs: ttlFromSeconds(seconds),
    renewable: auth["renewable"] === true,
  };
}

export function isTtl(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/** 0 is Vault's word for a token without an end. */
export function ttlFromSeconds(seconds: number): number {
  return seconds === 0 ? Infinity : seconds * 1000;
}
