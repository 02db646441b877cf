import { parseObject } from "./answer.ts";
import type { VaultRequest } from "./request.ts";
import { systemTimers, timedOutError, type VaultTimers } from "./timers.ts";

export interface VaultHealth {
  /** True where Vault serves: 200, or a standby (429, 473), which forwards or serves by itself. */
  readonly usable: boolean;
  /** HTTP status of sys/health; undefined where there was no answer. */
  readonly status: number | undefined;
  readonly state:
    | "active"
    | "standby"
    | "dr-secondary"
    | "uninitialized"
    | "sealed"
    | "removed"
    | "unreachable"
    | "unknown";
  /** As Vault tells it, such as `2.7.2`. */
  readonly version: string | undefined;
}

const STATES: Readonly<Record<number, VaultHealth["state"]>> = {
  200: "active",
  429: "standby",
  472: "dr-secondary",
  473: "standby",
  // 474 is a standby that has no active node to turn to.
  474: "unknown",
  501: "uninitialized",
  503: "sealed",
  530: "removed",
};
const USABLE: ReadonlySet<number | undefined> = new Set([200, 429, 473]);

/**
 * Asks `sys/health` once, without a token and in the root namespace, where alone it is answered. Never throws: a Vault
 * that does not answer within `timeoutMs` (2,000 if not given) is `unreachable`.
 */
export async function readVaultHealth({
  request,
  timeoutMs = 2_000,
  timers = systemTimers,
}: {
  readonly request: VaultRequest;
  readonly timeoutMs?: number;
  readonly timers?: VaultTimers;
}): Promise<VaultHealth> {
  const controller = new AbortController();
  const cancel = timers.schedule(timeoutMs, () => controller.abort(timedOutError(timeoutMs)), true);
  try {
    const { status, body } = await request({
      method: "GET",
      path: "/v1/sys/health",
      headers: { "X-Vault-Request": "true" },
      signal: controller.signal,
    });
    const version = parseObject(body)?.["version"];
    return {
      usable: USABLE.has(status),
      status,
      state: STATES[status] ?? "unknown",
      version: typeof version === "string" ? version : undefined,
    };
  } catch {
    return { usable: false, status: undefined, state: "unreachable", version: undefined };
  } finally {
    cancel();
  }
}
