import { readAnswer, type VaultAnswer } from "./answer.ts";
import { isVaultError, VaultError } from "./errors.ts";
import type { VaultEvents } from "./events.ts";
import { checkPath } from "./paths.ts";
import type { RateLimiter } from "./rate-limit.ts";
import type { VaultHttpRequest, VaultHttpResponse, VaultRequest } from "./request.ts";
import { abortedError, pause, systemTimers, timedOutError, type VaultTimers } from "./timers.ts";

/** One operation on Vault. */
export interface VaultOperation {
  readonly method: VaultHttpRequest["method"];
  /** Without `/v1/`, such as `transit/encrypt/KEY`; {@link checkPath} tells what may be in it. */
  readonly path: string;
  /** What metrics and logs call it, such as `transit/encrypt`; the path if not given. */
  readonly operation?: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the whole call with all its attempts, if fewer than the client's. */
  readonly budgetMs?: number;
  /** False for what must not be sent twice. */
  readonly retry?: boolean;
}

/** Does one operation; throws {@link VaultError}. */
export type VaultCall = (operation: VaultOperation) => Promise<VaultAnswer>;

/** As {@link VaultCall}, with the token and namespace given each time. */
export type BareVaultCall = (
  operation: VaultOperation & {
    readonly token?: string | undefined;
    readonly namespace?: string | undefined;
  },
) => Promise<VaultAnswer>;

export interface VaultCallOptions {
  readonly request: VaultRequest;
  /** `X-Vault-Namespace` of operations that name none. */
  readonly namespace?: string | undefined;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds for a call with all its attempts and waits. 8,000 if not given: Talos gives up after 10,000. */
  readonly budgetMs?: number;
  /** Milliseconds for one attempt, so that a frozen Vault is noticed while there is time to ask again. 2,500 if not given. */
  readonly attemptTimeoutMs?: number;
  /** Attempts after the first; as many as the budget holds if not given. */
  readonly maxRetries?: number | undefined;
  readonly rateLimiter?: RateLimiter | undefined;
  readonly timers?: VaultTimers;
  /** From 0 to under 1. */
  readonly random?: () => number;
  readonly events?: VaultEvents;
}

export const DEFAULT_BUDGET_MS = 8_000;
const ATTEMPT_TIMEOUT_MS = 2_500;
const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 500;
/** An attempt with less time than this would fail for that alone. */
const SHORTEST_ATTEMPT_MS = 20;

/**
 * Makes the function that all requests go through. It repeats what may work a moment later (no connection, time-out,
 * half an answer, 412, 429, 5xx except 501) after 100 to 500 ms, or after `Retry-After`, and throws the last attempt's
 * error as soon as the budget has no room for another one.
 */
export function createVaultCall(options: VaultCallOptions): BareVaultCall {
  const { request, budgetMs = DEFAULT_BUDGET_MS, attemptTimeoutMs = ATTEMPT_TIMEOUT_MS } = options;
  const { maxRetries = Infinity, rateLimiter, timers = systemTimers, random = Math.random, events } = options;

  return async (operation) => {
    const { signal, retry = true } = operation;
    const deadline = timers.now() + Math.min(operation.budgetMs ?? budgetMs, budgetMs);
    const message = describe(operation, options);
    for (let attempt = 0; ; attempt++) {
      try {
        if (rateLimiter !== undefined) await rateLimiter(deadline, signal);
        return await once(message, operation, Math.min(attemptTimeoutMs, deadline - timers.now()));
      } catch (error) {
        if (!isVaultError(error) || !error.retryable || !retry || attempt >= maxRetries) throw error;
        const wait = waitBefore(attempt, error.retryAfterMs, random);
        if (timers.now() + wait + SHORTEST_ATTEMPT_MS > deadline) throw error;
        await pause(timers, wait, signal);
      }
    }
  };

  async function once(
    message: Message,
    { operation, path, signal }: VaultOperation,
    timeoutMs: number,
  ): Promise<VaultAnswer> {
    if (signal?.aborted === true) throw abortedError();
    const startedAt = timers.now();
    const ended = (outcome: number | VaultError["code"]): void =>
      events?.requestEnded?.({
        operation: operation ?? path,
        outcome,
        durationMs: timers.now() - startedAt,
      });
    try {
      const response = await exchange(message.http, signal, timeoutMs);
      const answer = readAnswer(response, message.sent);
      ended(answer.status);
      if (answer.warnings.length > 0) {
        events?.warned?.({ operation: operation ?? path, warnings: answer.warnings });
      }
      return answer;
    } catch (error) {
      if (isVaultError(error)) ended(error.status ?? error.code);
      throw error;
    }
  }

  async function exchange(
    http: Omit<VaultHttpRequest, "signal">,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<VaultHttpResponse> {
    const controller = new AbortController();
    const onAbort = (): void => controller.abort();
    const cancel = timers.schedule(
      Math.max(0, timeoutMs),
      () => controller.abort(timedOutError(timeoutMs)),
      true,
    );
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await request({ ...http, signal: controller.signal });
    } catch (cause) {
      if (signal?.aborted === true) throw abortedError();
      if (isVaultError(controller.signal.reason, "ERR_VAULT_TIMEOUT")) throw controller.signal.reason;
      if (isVaultError(cause)) throw cause;
      throw new VaultError("ERR_VAULT_UNAVAILABLE", `vault cannot be reached: ${reasonOf(cause)}`, {
        cause,
        retryable: true,
      });
    } finally {
      cancel();
      signal?.removeEventListener("abort", onAbort);
    }
  }
}

interface Message {
  readonly http: Omit<VaultHttpRequest, "signal">;
  readonly sent: readonly string[];
}

function describe(operation: Parameters<BareVaultCall>[0], options: VaultCallOptions): Message {
  const { method, path, body, token } = operation;
  const namespace = operation.namespace ?? options.namespace;
  const headers: Record<string, string> = { ...options.headers, "X-Vault-Request": "true" };
  if (token !== undefined) headers["X-Vault-Token"] = token;
  if (namespace !== undefined && namespace !== "") headers["X-Vault-Namespace"] = namespace;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const http = { method, path: `/v1/${checkPath(path)}`, headers };
  // Short values, such as a role's name, are no secrets and would withhold half of Vault's words.
  const sent = [token, ...Object.values(body ?? {})].filter((text) => typeof text === "string");
  return {
    http: body === undefined ? http : { ...http, body: JSON.stringify(body) },
    sent: sent.filter((text) => text.length >= 16),
  };
}

function waitBefore(attempt: number, retryAfterMs: number | undefined, random: () => number): number {
  const wait = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt * (1 + random()));
  return retryAfterMs === undefined ? wait : retryAfterMs + random() * FIRST_WAIT_MS;
}

/** Node's word for it, such as ECONNREFUSED or CERT_HAS_EXPIRED; its messages name addresses, which is welcome. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "unknown";
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  return code ?? cause.name;
}
