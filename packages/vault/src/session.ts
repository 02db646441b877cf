import type { AuthMethod } from "./auth/method.ts";
import type { VaultAnswer } from "./answer.ts";
import { DEFAULT_BUDGET_MS, type BareVaultCall, type VaultCall } from "./call.ts";
import { isVaultError, VaultError } from "./errors.ts";
import type { VaultEvents } from "./events.ts";
import { systemTimers, waitFor, type VaultTimers } from "./timers.ts";
import { lookUpToken, shareNextRun } from "./token-check.ts";
import { createTokenLife, type HeldToken, type VaultSessionState } from "./token-life.ts";

export interface VaultSessionOptions {
  readonly call: BareVaultCall;
  readonly auth: AuthMethod;
  /** False: no `renew-self`; own tokens are replaced by a login before they end, given ones used until then. */
  readonly autoRenew?: boolean;
  /** Namespace of the auth mount, where it is another than that of the data. */
  readonly authNamespace?: string | undefined;
  /** Milliseconds for a call with login, attempts and waits. 8,000 if not given. */
  readonly budgetMs?: number;
  readonly timers?: VaultTimers;
  /** From 0 to under 1. */
  readonly random?: () => number;
  readonly events?: VaultEvents;
}

/** Operations with a token that is got, renewed, replaced before it ends, and revoked. */
export interface VaultSession {
  /** Begins to log in, in the background, until it works. Calls made meanwhile wait within their budget. */
  start(): void;
  /**
   * Does an operation with the session's token. After a 403 `lookup-self` decides whether the token is at fault; if it
   * is, one login, shared by all calls and at most one in 10 s, then the operation once more.
   */
  readonly call: VaultCall;
  /** Credentials changed: logs in with them now. Rejects where that fails; the old token stays until its end. */
  refresh(): Promise<void>;
  state(): VaultSessionState;
  /** Ends timers, revokes the session's own tokens (a given one never) within `timeoutMs` (3,000). Never rejects. */
  stop(options?: { readonly timeoutMs?: number }): Promise<void>;
}

export function createVaultSession(options: VaultSessionOptions): VaultSession {
  const { call: bare, auth, autoRenew = true, authNamespace, budgetMs = DEFAULT_BUDGET_MS } = options;
  const { timers = systemTimers, random = Math.random, events } = options;
  const life = createTokenLife({ call: bare, auth, autoRenew, authNamespace, timers, random, events });

  const checkHeld = shareNextRun(async () => {
    const token = life.held()?.token;
    return token === undefined ? undefined : { token, facts: await lookUpToken(bare, token, authNamespace) };
  });

  const call: VaultCall = async (operation) => {
    const { signal } = operation;
    const deadline = timers.now() + Math.min(operation.budgetMs ?? budgetMs, budgetMs);
    const attempt = async (used: HeldToken): Promise<VaultAnswer> => {
      const answer = await bare({ ...operation, token: used.token, budgetMs: deadline - timers.now() });
      used.accepted = true;
      return answer;
    };

    const used = await usableToken(deadline, signal);
    try {
      return await attempt(used);
    } catch (error) {
      if (!isVaultError(error, "ERR_VAULT_FORBIDDEN") || auth.tokens === "none") throw error;
      if (!(await isAtFault(used, deadline, signal))) throw error;
    }
    if (life.held() === used) await replace(deadline, signal);
    const fresh = await usableToken(deadline, signal);
    return await attempt(fresh);
  };

  async function usableToken(deadline: number, signal: AbortSignal | undefined): Promise<HeldToken> {
    if (life.stopped()) throw new VaultError("ERR_VAULT_STOPPED", "the session was stopped");
    if (!life.isUsable(life.held())) await logInFor(deadline, signal);
    const held = life.held();
    if (!life.isUsable(held)) throw unauthenticated();
    return held;
  }

  /** A login on behalf of a call: at most one in 10 s, however many ask. */
  async function logInFor(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    if (life.loginIsTooSoon()) throw unauthenticated();
    const login = life.login().catch(() => {
      throw unauthenticated();
    });
    await waitFor(login, timers, deadline, signal);
  }

  function unauthenticated(): VaultError {
    const cause = life.lastError();
    return new VaultError("ERR_VAULT_UNAUTHENTICATED", "there is no token that vault takes", { cause });
  }

  /** Whether a 403 is the token's fault. Throws where Vault cannot be asked now. */
  async function isAtFault(
    used: HeldToken,
    deadline: number,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    if (life.held() !== used) return true; // replaced meanwhile: the new one decides
    if (life.lookupIsDenied()) {
      if (life.loginIsTooSoon()) return false;
    } else {
      const checked = await waitFor(checkHeld(), timers, deadline, signal);
      if (checked === undefined || checked.token !== used.token || life.held() !== used) return true;
      if (checked.facts !== undefined) return false;
    }
    life.reject(used);
    return true;
  }

  async function replace(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    // The same given token would come again.
    if (auth.tokens === "given" && auth.rereadMs === undefined) throw unauthenticated();
    await logInFor(deadline, signal);
  }

  return {
    start: () => life.start(),
    call,
    refresh: () => life.login(),
    state: () => life.state(),
    stop: ({ timeoutMs = 3_000 } = {}) => life.stop(timeoutMs),
  };
}
