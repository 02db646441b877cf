import type { BareVaultCall } from "../call.ts";

export type AuthMethodName = "token" | "token-file" | "kubernetes" | "approle" | "jwt" | "cert" | "agent";

/** What a login yields. */
export interface VaultLogin {
  readonly token: string;
  /** Milliseconds until the token ends, Infinity for never; undefined where `lookup-self` has to tell. */
  readonly ttlMs: number | undefined;
  readonly renewable: boolean;
}

/** A way to a token. */
export interface AuthMethod {
  readonly name: AuthMethodName;
  /**
   * - `own`: tokens that a login made: another login replaces them before they end, and they are revoked at the end
   * - `given`: somebody else's token: renewed where that works, never revoked
   * - `none`: no token is sent, an agent adds its own
   */
  readonly tokens: "own" | "given" | "none";
  /** Milliseconds between looks at a credential that may change by itself. */
  readonly rereadMs?: number;
  /**
   * Gets a token; reads files anew each time. `call` goes to Vault without a token, unless one is given.
   *
   * @throws VaultError what the call throws, `ERR_VAULT_CREDENTIALS`, `ERR_VAULT_WRAPPING`
   */
  login(call: BareVaultCall): Promise<VaultLogin | undefined>;
}

/** Reads a file as UTF-8 text; rejects where it cannot. */
export type ReadTextFile = (path: string) => Promise<string>;
