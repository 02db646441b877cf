import type { AuthMethod, AuthMethodName } from "./auth/method.ts";
import { readLogin } from "./auth/credential.ts";
import type { BareVaultCall } from "./call.ts";
import { isVaultError, VaultError, type VaultErrorCode } from "./errors.ts";
import type { VaultEvents } from "./events.ts";
import { hasGrown, lifetimeOf, loginBackoff, renewBackoff, type Lifetime } from "./lifetime.ts";
import { waitFor, type VaultTimers } from "./timers.ts";
import { lookUpToken } from "./token-check.ts";

export interface TokenLifeOptions {
  readonly call: BareVaultCall;
  readonly auth: AuthMethod;
  readonly autoRenew: boolean;
  readonly authNamespace: string | undefined;
  readonly timers: VaultTimers;
  readonly random: () => number;
  readonly events: VaultEvents | undefined;
}

/** Readiness and metrics. */
export interface VaultSessionState {
  readonly method: AuthMethodName;
  /** True while there is a token that Vault, as far as is known, takes; always true behind an agent. */
  readonly authenticated: boolean;
  /** Milliseconds until the token ends: Infinity for never, undefined without a token. */
  readonly tokenEndsInMs: number | undefined;
  readonly renewable: boolean;
  /** Logins that succeeded and failed, renewals that succeeded. */
  readonly logins: number;
  readonly loginFailures: number;
  readonly renewals: number;
  /** Why the last login failed, until one succeeds. */
  readonly lastError: VaultErrorCode | undefined;
}

export interface HeldToken extends Lifetime {
  /** Undefined behind an agent. */
  readonly token: string | undefined;
  readonly renewable: boolean;
  /** Time to live as its login gave it; a renewal close to the max TTL gives less. */
  readonly fullTtlMs: number;
  /** False once Vault has refused the token, true again when it takes it. */
  accepted: boolean;
}

/** One token after the other: got, renewed, replaced before it ends, revoked. */
export interface TokenLife {
  start(): void;
  /** The token at hand, whether usable or not. */
  held(): HeldToken | undefined;
  isUsable(token: HeldToken | undefined): token is HeldToken;
  /** One at a time: whoever comes while one is under way shares it. Rejects with VaultError. */
  login(): Promise<void>;
  /** True while a login on behalf of a call must wait: one is not 10 s old, and none is under way. */
  loginIsTooSoon(): boolean;
  /** Vault refused the token: it is replaced as soon as may be, by a call's login or after the interval. */
  reject(token: HeldToken): void;
  /** True where a token fresh from its login may not look itself up: then `lookup-self` tells nothing. */
  lookupIsDenied(): boolean;
  lastError(): VaultError | undefined;
  stopped(): boolean;
  state(): VaultSessionState;
  stop(timeoutMs: number): Promise<void>;
}

const LOGIN_INTERVAL_MS = 10_000;

export function createTokenLife(options: TokenLifeOptions): TokenLife {
  const { call: bare, auth, autoRenew, authNamespace, timers, random, events } = options;
  const own = new Map<string, number>();
  let held: HeldToken | undefined;
  let loggingIn: Promise<void> | undefined;
  let lastLoginAt = -Infinity;
  let failures = 0;
  let renewFailures = 0;
  let logins = 0;
  let loginFailures = 0;
  let renewals = 0;
  let lastError: VaultError | undefined;
  let suspicious = false;
  let lookupIsDenied = false;
  let stopped = false;
  let cancelWake = (): void => undefined;
  let cancelReread = (): void => undefined;

  /** One at a time: whoever comes while one is under way shares it. */
  function login(): Promise<void> {
    loggingIn ??= logIn().finally(() => {
      loggingIn = undefined;
    });
    return loggingIn;
  }

  async function logIn(): Promise<void> {
    cancelWake();
    const issuedAt = timers.now();
    lastLoginAt = issuedAt;
    try {
      const got = await auth.login((operation) => bare({ ...operation, namespace: authNamespace }));
      if (got === undefined) {
        held = {
          token: undefined,
          renewable: false,
          fullTtlMs: Infinity,
          accepted: true,
          ...lifetimeOf(issuedAt, Infinity, random),
        };
      } else if (got.ttlMs !== undefined) {
        own.set(got.token, issuedAt + got.ttlMs);
        adopt(got.token, issuedAt, got.ttlMs, got.renewable);
        if (suspicious) await learnWhetherLookupWorks(got.token);
      } else {
        await adoptGiven(got.token, issuedAt);
      }
      failures = 0;
      lastError = undefined;
      logins += 1;
      events?.loggedIn?.({
        method: auth.name,
        ttlMs: (held?.expiresAt ?? Infinity) - issuedAt,
        renewable: held?.renewable ?? false,
      });
      plan();
    } catch (error) {
      throw loginFailed(error);
    }
  }

  /** Without this, policies that lack `default` would bring about a login at each refusal. */
  async function learnWhetherLookupWorks(fresh: string): Promise<void> {
    const denied = (await lookUpToken(bare, fresh, authNamespace)) === undefined;
    if (denied && !lookupIsDenied) events?.lookupDenied?.({ method: auth.name });
    lookupIsDenied = denied;
    suspicious = false;
  }

  async function adoptGiven(token: string, issuedAt: number): Promise<void> {
    const facts = await lookUpToken(bare, token, authNamespace);
    if (facts === undefined) {
      // Refused, or its policies lack `default`: only its use can tell, so it is kept.
      if (held?.token !== token) adopt(token, issuedAt, Infinity, false);
      if (held !== undefined) held.accepted = false;
      throw new VaultError("ERR_VAULT_UNAUTHENTICATED", "vault does not take the given token");
    }
    adopt(token, issuedAt, facts.ttlMs, facts.renewable);
  }

  function adopt(
    token: string,
    issuedAt: number,
    ttlMs: number,
    renewable: boolean,
    fullTtlMs = ttlMs,
  ): void {
    renewFailures = 0;
    held = { token, renewable, accepted: true, fullTtlMs, ...lifetimeOf(issuedAt, ttlMs, random) };
    for (const [old, end] of own) if (end <= timers.now()) own.delete(old);
  }

  function loginFailed(cause: unknown): VaultError {
    const error = isVaultError(cause)
      ? cause
      : new VaultError("ERR_VAULT_CREDENTIALS", "the login failed before it reached vault", { cause });
    failures += 1;
    loginFailures += 1;
    lastError = error;
    const retryInMs = loginBackoff(failures, random);
    events?.loginFailed?.({ method: auth.name, error, retryInMs });
    if (error.code === "ERR_VAULT_WRAPPING") events?.wrappingAlarm?.({ error });
    schedule(retryInMs, () => login());
    return error;
  }

  /** What comes next for the token at hand. */
  function plan(): void {
    if (held === undefined || held.expiresAt === Infinity) return;
    const token = held;
    const untilAct = Math.max(0, token.actAt - timers.now());
    if (auth.tokens === "own") {
      schedule(untilAct, () => (autoRenew && token.renewable ? renew(token) : login()));
    } else if (autoRenew && token.renewable) {
      schedule(untilAct, () => renew(token));
    } else {
      endGiven(token);
    }
  }

  /** A given token that cannot be renewed any more: say so, and look again when it is over. */
  function endGiven(token: HeldToken): void {
    const inMs = Math.max(0, token.expiresAt - timers.now());
    events?.tokenEnding?.({ method: auth.name, inMs });
    schedule(inMs, () => login());
  }

  async function renew(token: HeldToken): Promise<void> {
    const sentAt = timers.now();
    if (token.expiresAt - sentAt <= token.graceMs) return await renewalEnded(token);
    try {
      const answer = await bare({
        method: "POST",
        path: "auth/token/renew-self",
        body: {},
        token: token.token,
        namespace: authNamespace,
        // The waits here are longer, and know when it is time for a login instead: OpenBao says 500 to a renewal past
        // the max TTL.
        retry: false,
      });
      if (held !== token || stopped) return;
      const { token: text, ttlMs = Infinity, renewable } = readLogin(answer);
      const life = lifetimeOf(sentAt, ttlMs, random);
      renewals += 1;
      events?.renewed?.({ ttlMs });
      // Vault cuts a renewal at the max TTL: what is left then may be too short to act in once more.
      const lasts = hasGrown(token, life) && (auth.tokens === "given" || ttlMs >= token.fullTtlMs / 2);
      adopt(text, sentAt, ttlMs, renewable, token.fullTtlMs);
      if (auth.tokens === "own") own.set(text, life.expiresAt);
      if (!lasts && held !== undefined) return await renewalEnded(held);
      plan();
    } catch (error) {
      if (held === token && !stopped) await renewalFailed(token, error);
    }
  }

  async function renewalFailed(token: HeldToken, cause: unknown): Promise<void> {
    const error = isVaultError(cause)
      ? cause
      : new VaultError("ERR_VAULT_BAD_RESPONSE", "the renewal failed", { cause });
    renewFailures += 1;
    const backoff = renewBackoff(renewFailures, random);
    const untilGrace = token.expiresAt - token.graceMs - timers.now();
    // What Vault refuses it will refuse again: such a token counts as one that cannot be renewed.
    if (!error.retryable || untilGrace <= 0) {
      events?.renewFailed?.({ error, retryInMs: undefined });
      return await renewalEnded(token);
    }
    const retryInMs = Math.min(backoff, untilGrace);
    events?.renewFailed?.({ error, retryInMs });
    schedule(retryInMs, () => renew(token));
  }

  async function renewalEnded(token: HeldToken): Promise<void> {
    if (auth.tokens === "own") await login();
    else endGiven(token);
  }

  function schedule(ms: number, then: () => Promise<void>): void {
    cancelWake();
    if (stopped) return;
    // Failures have been told and planned for where they happened.
    cancelWake = timers.schedule(ms, () => void then().catch(() => undefined));
  }

  function isUsable(token: HeldToken | undefined): token is HeldToken {
    return token !== undefined && timers.now() < token.expiresAt;
  }

  /** A file's token may change while the old one still works. */
  function reread(everyMs: number): void {
    cancelReread = timers.schedule(everyMs, () => {
      void takeNewToken().finally(() => {
        if (!stopped) reread(everyMs);
      });
    });
  }

  async function takeNewToken(): Promise<void> {
    try {
      const got = await auth.login((operation) => bare({ ...operation, namespace: authNamespace }));
      if (got?.token !== held?.token && !stopped) await login();
    } catch {
      // An unreadable file changes nothing; a login that fails has been told.
    }
  }

  return {
    start() {
      if (stopped || loggingIn !== undefined || held !== undefined) return;
      void login().catch(() => undefined);
      if (auth.rereadMs !== undefined) reread(auth.rereadMs);
    },
    held: () => held,
    isUsable,
    login,
    loginIsTooSoon: () => loggingIn === undefined && timers.now() - lastLoginAt < LOGIN_INTERVAL_MS,
    lookupIsDenied: () => lookupIsDenied,
    reject(token) {
      suspicious = true;
      if (token.accepted) events?.tokenRejected?.({ method: auth.name });
      token.accepted = false;
      // Readiness must come back by itself: a service that is not ready gets no calls that would bring a login about.
      if (loggingIn === undefined) {
        schedule(Math.max(0, lastLoginAt + LOGIN_INTERVAL_MS - timers.now()), () => login());
      }
    },
    lastError: () => lastError,
    stopped: () => stopped,
    state: () => ({
      method: auth.name,
      authenticated: isUsable(held) && held.accepted,
      tokenEndsInMs: held === undefined ? undefined : Math.max(0, held.expiresAt - timers.now()),
      renewable: held?.renewable ?? false,
      logins,
      loginFailures,
      renewals,
      lastError: lastError?.code,
    }),
    async stop(timeoutMs) {
      stopped = true;
      cancelWake();
      cancelReread();
      const deadline = timers.now() + timeoutMs;
      // A login under way would leave a token behind that nobody knows.
      if (loggingIn !== undefined)
        await waitFor(loggingIn, timers, deadline, undefined).catch(() => undefined);
      await Promise.all(
        [...own].map(async ([token, end]) => {
          if (end <= timers.now()) return;
          try {
            await bare({
              method: "POST",
              path: "auth/token/revoke-self",
              body: {},
              token,
              namespace: authNamespace,
              budgetMs: Math.max(0, deadline - timers.now()),
            });
          } catch (error) {
            if (isVaultError(error)) events?.revokeFailed?.({ error });
          }
        }),
      );
      own.clear();
      held = undefined;
    },
  };
}
