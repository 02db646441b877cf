import type { Metrics } from "@talos-bridge/grpc-server";
import type { Operation } from "./kms-audit.ts";

/** The server's own figures. No label ever holds a UUID or an address. */
export interface KmsMetrics {
  /** `result`: `ok`, or why not. */
  operation(operation: Operation, result: string): void;
  vaultRequest(operation: string, outcome: string, seconds: number): void;
  vaultUp(up: boolean): void;
  /** Seconds since 1970; 0 where there is no token, or one that does not end. */
  tokenEnds(read: () => number): void;
  login(method: string, success: boolean): void;
  /** A given token that nothing can replace is about to end. */
  tokenEnding(ending: boolean): void;
  canary(ok: boolean): void;
  plaintext(plaintext: boolean): void;
  reloaded(source: "serving" | "vault-tls" | "vault-credentials" | "keyring", success: boolean): void;
  servingNotAfter(at: Date): void;
  leading(leading: boolean): void;
  leadershipChanged(): void;
}

export function createKmsMetrics(metrics: Metrics): KmsMetrics {
  const operations = metrics.counter("talos_kms_operations_total", "Seals and Unseals, by result.", [
    "op",
    "result",
  ]);
  const requests = metrics.histogram(
    "talos_kms_vault_request_duration_seconds",
    "Duration of requests to Vault in seconds, by status.",
    ["op", "code"],
  );
  const up = metrics.gauge("talos_kms_vault_up", "Whether Vault can serve, by its sys/health.");
  const auth = metrics.counter("talos_kms_auth_total", "Logins to Vault.", ["method", "success"]);
  const ending = metrics.gauge(
    "talos_kms_vault_token_ending",
    "Whether the given token is about to end and nothing replaces it.",
  );
  const canary = metrics.gauge(
    "talos_kms_canary_ok",
    "Whether the canary key sealed and unsealed last time.",
  );
  const plaintext = metrics.gauge("talos_kms_plaintext", "Whether the gRPC service is without TLS.");
  const reloads = metrics.counter("talos_kms_reloads_total", "Reloads of files.", ["source", "success"]);
  const serving = metrics.gauge(
    "talos_kms_serving_cert_not_after_timestamp_seconds",
    "End of the serving certificate's validity.",
  );
  const leader = metrics.gauge("talos_kms_is_leader", "Whether this replica leads.");
  const proxyLeader = metrics.gauge("kms_is_leader", "As talos_kms_is_leader; the Go proxy's name.");
  const changes = metrics.counter("kms_leadership_changes_total", "Changes of leader that this replica saw.");
  for (const op of ["seal", "unseal"]) operations.inc({ op, result: "ok" }, 0);
  return {
    operation: (op, result) => operations.inc({ op, result }),
    vaultRequest: (op, code, seconds) => requests.observe(seconds, { op, code }),
    vaultUp: (is) => up.set(Number(is)),
    tokenEnds: (read) =>
      metrics.gaugeOf(
        "talos_kms_vault_token_expiry_timestamp_seconds",
        "End of Vault's token; 0 where there is none, or it does not end.",
        read,
      ),
    login: (method, success) => auth.inc({ method, success: String(success) }),
    tokenEnding: (is) => ending.set(Number(is)),
    canary: (ok) => canary.set(Number(ok)),
    plaintext: (is) => plaintext.set(Number(is)),
    reloaded: (source, success) => reloads.inc({ source, success: String(success) }),
    servingNotAfter: (at) => serving.set(at.getTime() / 1000),
    leading(is) {
      leader.set(Number(is));
      proxyLeader.set(Number(is));
    },
    leadershipChanged: () => changes.inc(),
  };
}
