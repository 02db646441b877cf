import { VaultError, type VaultErrorCode } from "@talos-bridge/vault";
import { SealError, type SealErrorCode } from "./seal-error.ts";

/**
 * What Vault's errors mean for a node. Whatever may be over in a while is `UNAVAILABLE`: Talos tries again. A refusal is final
 * for this ciphertext. In between there is nothing: a wrong guess either way loses a disk or hides a fault.
 */
const MEANING = {
  ERR_VAULT_UNAVAILABLE: "ERR_KMS_UNAVAILABLE",
  ERR_VAULT_SEALED: "ERR_KMS_UNAVAILABLE",
  ERR_VAULT_RATE_LIMITED: "ERR_KMS_UNAVAILABLE",
  ERR_VAULT_TIMEOUT: "ERR_KMS_UNAVAILABLE",
  ERR_VAULT_BAD_RESPONSE: "ERR_KMS_UNAVAILABLE",
  ERR_VAULT_REDIRECTED: "ERR_KMS_UNAVAILABLE",
  ERR_VAULT_UNAUTHENTICATED: "ERR_KMS_UNAVAILABLE",
  ERR_VAULT_MOUNT_MISSING: "ERR_KMS_UNAVAILABLE",
  ERR_VAULT_UNSUPPORTED: "ERR_KMS_UNAVAILABLE",
  ERR_VAULT_STOPPED: "ERR_KMS_UNAVAILABLE",
  ERR_VAULT_CREDENTIALS: "ERR_KMS_UNAVAILABLE",
  ERR_VAULT_WRAPPING: "ERR_KMS_UNAVAILABLE",
  ERR_VAULT_ARGUMENT: "ERR_KMS_UNAVAILABLE",
  ERR_VAULT_FORBIDDEN: "ERR_KMS_FORBIDDEN",
  ERR_VAULT_KEY_NOT_FOUND: "ERR_KMS_REFUSED",
  ERR_VAULT_REJECTED: "ERR_KMS_REFUSED",
  ERR_VAULT_ABORTED: "ERR_KMS_ABORTED",
} as const satisfies Record<VaultErrorCode, SealErrorCode>;

/** Encrypt's 400s say other things than decrypt's: no key and none is made (`disable_upsert`), or a key that can't encrypt. */
const MEANING_OF_SEAL: Partial<Record<VaultErrorCode, SealErrorCode>> = {
  ERR_VAULT_KEY_NOT_FOUND: "ERR_KMS_UNKNOWN_NODE",
  ERR_VAULT_REJECTED: "ERR_KMS_KEY_UNUSABLE",
};

/** The error as the service knows it; what is no VaultError stays as it is. */
export function sealErrorOf(operation: "seal" | "unseal", error: unknown): unknown {
  if (!(error instanceof VaultError)) return error;
  const code = (operation === "seal" ? MEANING_OF_SEAL[error.code] : undefined) ?? MEANING[error.code];
  return new SealError(code, error.message, { cause: error });
}
