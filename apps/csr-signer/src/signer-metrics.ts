import type { Metrics } from "@talos-bridge/grpc-server";
import type { ReloadGroup } from "./reload-material.ts";

/** The signer's own figures. No label ever holds a name or an address. */
export interface SignerMetrics {
  signed(keyType: string, dropped: readonly string[], leftOut: readonly { readonly reason: string }[]): void;
  rejected(reason: string): void;
  reloaded(group: ReloadGroup, success: boolean): void;
  validity(caNotAfter: Date, servingNotAfter: Date): void;
}

export function createSignerMetrics(metrics: Metrics): SignerMetrics {
  const signed = metrics.counter("talos_csr_signer_certificates_signed_total", "Certificates signed.", [
    "key_type",
  ]);
  const rejections = metrics.counter("talos_csr_signer_rejections_total", "Calls refused.", ["reason"]);
  const dropped = metrics.counter(
    "talos_csr_signer_dropped_total",
    "Parts of certificate requests that were asked for and never issued.",
    ["part"],
  );
  const leftOut = metrics.counter("talos_csr_signer_names_left_out_total", "Requested names not issued.", [
    "reason",
  ]);
  const reloads = metrics.counter("talos_csr_signer_reloads_total", "Reloads of files.", [
    "source",
    "success",
  ]);
  const ca = metrics.gauge(
    "talos_csr_signer_ca_not_after_timestamp_seconds",
    "End of the issuing CA's validity.",
  );
  const serving = metrics.gauge(
    "talos_csr_signer_serving_cert_not_after_timestamp_seconds",
    "End of the serving certificate's validity.",
  );
  return {
    signed(keyType, parts, names) {
      signed.inc({ key_type: keyType });
      for (const part of parts) dropped.inc({ part });
      for (const { reason } of names) leftOut.inc({ reason });
    },
    rejected: (reason) => rejections.inc({ reason }),
    reloaded: (source, success) => reloads.inc({ source, success: String(success) }),
    validity(caNotAfter, servingNotAfter) {
      ca.set(caNotAfter.getTime() / 1000);
      serving.set(servingNotAfter.getTime() / 1000);
    },
  };
}
