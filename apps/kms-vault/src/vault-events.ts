import type { Log } from "@talos-bridge/grpc-server";
import type { VaultEvents } from "@talos-bridge/vault";
import type { KmsMetrics } from "./kms-metrics.ts";

/** Puts what happens between here and Vault into log and metrics. */
export function vaultEvents(log: Log, metrics: KmsMetrics): VaultEvents {
  return {
    requestEnded({ operation, outcome, durationMs }) {
      metrics.vaultRequest(operation, String(outcome), durationMs / 1000);
    },
    warned: (warning) => log.warn("vault warns", { ...warning }),
    loggedIn({ method, ttlMs, renewable }) {
      metrics.login(method, true);
      metrics.tokenEnding(false);
      log.info("logged in to vault", {
        method,
        renewable,
        ...(Number.isFinite(ttlMs) && { ttlSeconds: Math.round(ttlMs / 1000) }),
      });
    },
    loginFailed({ method, error, retryInMs }) {
      metrics.login(method, false);
      log.error("can't log in to vault", { method, error, reasons: error.reasons, retryInMs });
    },
    renewed: ({ ttlMs }) => log.debug("renewed vault's token", { ttlSeconds: Math.round(ttlMs / 1000) }),
    renewFailed: ({ error, retryInMs }) => log.warn("can't renew vault's token", { error, retryInMs }),
    tokenEnding({ method, inMs }) {
      metrics.tokenEnding(true);
      log.warn("vault's token ends and nothing here replaces it", {
        method,
        inSeconds: Math.round(inMs / 1000),
      });
    },
    tokenRejected: ({ method }) => log.error("vault no longer takes the token", { method }),
    lookupDenied: ({ method }) =>
      log.warn("the token may not look itself up: its role lacks the default policy", { method }),
    wrappingAlarm: ({ error }) =>
      log.error("the wrapped secret-id was opened by somebody else, or is not of this role", { error }),
    revokeFailed: ({ error }) => log.warn("can't revoke vault's token; it ends by itself", { error }),
  };
}
