import { badResponse } from "./answer.ts";
import { isTtl, ttlFromSeconds } from "./auth/credential.ts";
import type { BareVaultCall } from "./call.ts";
import { isVaultError } from "./errors.ts";

/** What `lookup-self` tells of a token that Vault takes. */
export interface TokenFacts {
  /** Infinity for a token without an end. */
  readonly ttlMs: number;
  readonly renewable: boolean;
}

/** Asks Vault about a token: its facts, or undefined where Vault answers 403. Throws what else the call throws. */
export async function lookUpToken(
  call: BareVaultCall,
  token: string,
  namespace: string | undefined,
): Promise<TokenFacts | undefined> {
  try {
    const { data } = await call({ method: "GET", path: "auth/token/lookup-self", token, namespace });
    const ttl = data["ttl"];
    if (!isTtl(ttl)) throw badResponse("no ttl", 200);
    return { ttlMs: ttlFromSeconds(ttl), renewable: data["renewable"] === true };
  } catch (error) {
    if (isVaultError(error, "ERR_VAULT_FORBIDDEN")) return undefined;
    throw error;
  }
}

/**
 * Shares one run among callers, but only one that starts after they asked: a run under way may have looked before what
 * they ask about came to be. So there is at most one run under way and one to come, however many ask.
 */
export function shareNextRun<T>(run: () => Promise<T>): () => Promise<T> {
  let current: Promise<unknown> | undefined;
  let next: Promise<T> | undefined;

  function start(): Promise<T> {
    const started = run();
    const ended = started.then(
      () => undefined,
      () => undefined,
    );
    current = ended;
    void ended.then(() => {
      if (current === ended) current = undefined;
    });
    return started;
  }

  return () => {
    if (current === undefined) return start();
    next ??= current.then(() => {
      next = undefined;
      return start();
    });
    return next;
  };
}
