/** One HTTP request to Vault. */
export interface VaultHttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE" | "LIST";
  /** Begins with `/v1/`; made of characters that need no escaping. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body?: string;
  /**
   * Ends the request, also while the answer's body arrives. The caller counts the time; where that is over, the signal's
   * reason is a `VaultError` `ERR_VAULT_TIMEOUT`.
   */
  readonly signal: AbortSignal;
}

export interface VaultHttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/**
 * The port that carries requests. Resolves with any whole HTTP answer, whatever its status; rejects where there is none.
 * A {@link VaultError} it rejects with is passed on, any other error becomes `ERR_VAULT_UNAVAILABLE`.
 */
export type VaultRequest = (request: VaultHttpRequest) => Promise<VaultHttpResponse>;
