import type { AuthMethodName } from "./auth/method.ts";
import type { VaultError, VaultErrorCode } from "./errors.ts";

/** Told what happens, for logs and metrics. Nothing here may throw; none of it holds a secret. */
export interface VaultEvents {
  /** One HTTP exchange ended: its status, or the error's code where there was none. */
  requestEnded?(request: {
    readonly operation: string;
    readonly outcome: number | VaultErrorCode;
    readonly durationMs: number;
  }): void;
  /** Vault answered, with warnings. */
  warned?(warning: { readonly operation: string; readonly warnings: readonly string[] }): void;
  /** A token is in use from now on. `ttlMs` is Infinity for one that does not end. */
  loggedIn?(login: {
    readonly method: AuthMethodName;
    readonly ttlMs: number;
    readonly renewable: boolean;
  }): void;
  loginFailed?(failure: {
    readonly method: AuthMethodName;
    readonly error: VaultError;
    readonly retryInMs: number;
  }): void;
  renewed?(renewal: { readonly ttlMs: number }): void;
  renewFailed?(failure: { readonly error: VaultError; readonly retryInMs: number | undefined }): void;
  /** A given token ends and nothing here can replace it. */
  tokenEnding?(end: { readonly method: AuthMethodName; readonly inMs: number }): void;
  /** Vault no longer takes the token (revoked, expired, or of another Vault). */
  tokenRejected?(rejection: { readonly method: AuthMethodName }): void;
  /** `lookup-self` is denied to a fresh token: its policies lack what `default` gives. */
  lookupDenied?(denial: { readonly method: AuthMethodName }): void;
  /** A wrapped secret-id was read or made by somebody else: treat it as stolen. */
  wrappingAlarm?(alarm: { readonly error: VaultError }): void;
  /** A token could not be revoked; it ends by itself. */
  revokeFailed?(failure: { readonly error: VaultError }): void;
}
