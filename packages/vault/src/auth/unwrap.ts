import { badResponse } from "../answer.ts";
import type { BareVaultCall } from "../call.ts";
import { isVaultError, VaultError } from "../errors.ts";

/**
 * Turns a response-wrapping token into the secret-id inside, once for each wrapping token. That the token was made at a
 * secret-id path of this mount is checked before it is used up: a thief can wrap something of his own, but not from there.
 *
 * @returns a function that throws VaultError `ERR_VAULT_WRAPPING` for a token that is used up, expired or made elsewhere,
 * at each call until another wrapping token comes, without asking Vault again
 */
export function createUnwrapper({
  mountPath,
  creationPath,
}: {
  readonly mountPath: string;
  readonly creationPath?: string | undefined;
}): (call: BareVaultCall, wrapping: string) => Promise<string> {
  let last: { readonly wrapping: string; readonly secretId: string | VaultError } | undefined;

  async function unwrap(call: BareVaultCall, wrapping: string): Promise<string | VaultError> {
    const seen = await lookUp(call, wrapping);
    if (seen instanceof VaultError) return seen;
    const expected = creationPath?.replace(/^\/+|\/+$/g, "");
    const good =
      expected === undefined
        ? seen.startsWith(`auth/${mountPath}/role/`) && /\/role\/[^/]+\/secret-id$/.test(seen)
        : seen === expected;
    if (!good) return alarm("was not made where this role's secret-ids are made");
    try {
      const { data } = await call({
        method: "POST",
        path: "sys/wrapping/unwrap",
        // In the body it would need another token beside it.
        token: wrapping,
        body: {},
        retry: false,
      });
      return typeof data["secret_id"] === "string" ? data["secret_id"] : alarm("holds no secret-id");
    } catch (error) {
      if (isRefusal(error)) return alarm("was used up between a look at it and its use", error);
      // Nobody can tell whether Vault has used it up; the next look will.
      throw error;
    }
  }

  return async (call, wrapping) => {
    if (last?.wrapping !== wrapping) last = { wrapping, secretId: await unwrap(call, wrapping) };
    if (last.secretId instanceof VaultError) throw last.secretId;
    return last.secretId;
  };
}

async function lookUp(call: BareVaultCall, wrapping: string): Promise<string | VaultError> {
  try {
    const { data } = await call({
      method: "POST",
      path: "sys/wrapping/lookup",
      body: { token: wrapping },
    });
    if (typeof data["creation_path"] !== "string") throw badResponse("no creation_path", 200);
    return data["creation_path"];
  } catch (error) {
    // Used up, expired or never made: Vault does not say which.
    if (isRefusal(error)) return alarm("is used up or expired", error);
    throw error;
  }
}

function isRefusal(error: unknown): error is VaultError {
  return (
    isVaultError(error, "ERR_VAULT_REJECTED") ||
    isVaultError(error, "ERR_VAULT_FORBIDDEN") ||
    isVaultError(error, "ERR_VAULT_MOUNT_MISSING")
  );
}

function alarm(what: string, cause?: VaultError): VaultError {
  return new VaultError("ERR_VAULT_WRAPPING", `the wrapped secret-id ${what}: it may have been stolen`, {
    cause,
  });
}
