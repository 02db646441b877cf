/**
 * What went wrong, in the words a caller branches on:
 *
 * Vault cannot serve now; the same call may work later:
 * - `ERR_VAULT_UNAVAILABLE`: no connection, a 5xx, 412 (replication lag), a standby without an active node
 * - `ERR_VAULT_SEALED`: 503 `Vault is sealed`
 * - `ERR_VAULT_RATE_LIMITED`: 429
 * - `ERR_VAULT_TIMEOUT`: no whole answer within the time of one attempt, or within the budget
 * - `ERR_VAULT_BAD_RESPONSE`: not Vault's JSON, half of it, or a field missing or of the wrong shape
 * - `ERR_VAULT_REDIRECTED`: a redirect that is not followed: a second hop, or from https to http
 * - `ERR_VAULT_UNAUTHENTICATED`: there is no valid token, and no login gave one
 * - `ERR_VAULT_MOUNT_MISSING`: 404, no such mount or namespace
 *
 * Vault answered no:
 * - `ERR_VAULT_FORBIDDEN`: 403 although the token is valid: a policy
 * - `ERR_VAULT_KEY_NOT_FOUND`: 400 `encryption key not found`
 * - `ERR_VAULT_REJECTED`: any other 400, such as a ciphertext of another key
 * - `ERR_VAULT_UNSUPPORTED`: 405
 *
 * The caller's side:
 * - `ERR_VAULT_ABORTED`: the caller's signal
 * - `ERR_VAULT_STOPPED`: the session was stopped
 * - `ERR_VAULT_ARGUMENT`: a key name, path or option that is never sent
 * - `ERR_VAULT_CREDENTIALS`: a credential that cannot be read or cannot work (an empty file, a token with limited uses)
 * - `ERR_VAULT_WRAPPING`: a response-wrapped secret-id that somebody else may have read
 */
export type VaultErrorCode =
  | "ERR_VAULT_UNAVAILABLE"
  | "ERR_VAULT_SEALED"
  | "ERR_VAULT_RATE_LIMITED"
  | "ERR_VAULT_TIMEOUT"
  | "ERR_VAULT_BAD_RESPONSE"
  | "ERR_VAULT_REDIRECTED"
  | "ERR_VAULT_UNAUTHENTICATED"
  | "ERR_VAULT_MOUNT_MISSING"
  | "ERR_VAULT_FORBIDDEN"
  | "ERR_VAULT_KEY_NOT_FOUND"
  | "ERR_VAULT_REJECTED"
  | "ERR_VAULT_UNSUPPORTED"
  | "ERR_VAULT_ABORTED"
  | "ERR_VAULT_STOPPED"
  | "ERR_VAULT_ARGUMENT"
  | "ERR_VAULT_CREDENTIALS"
  | "ERR_VAULT_WRAPPING";

export interface VaultErrorOptions extends ErrorOptions {
  readonly status?: number | undefined;
  readonly reasons?: readonly string[] | undefined;
  readonly retryable?: boolean | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** The one error of this package. Its message holds no token, credential, plaintext or ciphertext. */
export class VaultError extends Error {
  override readonly name = "VaultError";
  readonly code: VaultErrorCode;
  /** HTTP status, where Vault answered. */
  readonly status: number | undefined;
  /** Vault's own words from the `errors` field, without any that repeats something that was sent. */
  readonly reasons: readonly string[];
  /** Whether the same request, sent again soon, may be answered. */
  readonly retryable: boolean;
  /** How long Vault asked to wait (`Retry-After`), in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(code: VaultErrorCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.status = options.status;
    this.reasons = options.reasons ?? [];
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** True for a {@link VaultError}, of this code where one is given. */
export function isVaultError(error: unknown, code?: VaultErrorCode): error is VaultError {
  return error instanceof VaultError && (code === undefined || error.code === code);
}
