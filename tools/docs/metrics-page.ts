// docs/reference/metrics.md.
import { Health, KMSService, SecurityService } from "@talos-bridge/api";
import { createCallMetrics, createMetrics, type Metrics } from "@talos-bridge/grpc-server";
import { createSignerMetrics } from "../../apps/csr-signer/src/signer-metrics.ts";
import { createKmsMetrics } from "../../apps/kms-vault/src/kms-metrics.ts";
import { MADE, table } from "./tables.ts";

type Row = readonly [name: string, type: string, labels: string, help: string];

export async function metricsPage(): Promise<string> {
  const shared = await rowsOf((metrics) => {
    createCallMetrics(metrics, [
      { service: SecurityService.typeName, method: "Certificate" },
      { service: KMSService.typeName, method: "Seal" },
      { service: Health.typeName, method: "Check" },
    ]);
  });
  const known = new Set(shared.map(([name]) => name));
  const ownRows = async (create: (metrics: Metrics) => unknown): Promise<readonly Row[]> =>
    (await rowsOf(create)).filter(([name]) => !known.has(name));
  const signer = await ownRows(createSignerMetrics);
  const kms = await ownRows((metrics) => createKmsMetrics(metrics).tokenEnds(() => 0));
  return `${MADE}
# Metrics

\`/metrics\` on the admin port, in Prometheus's text format. No label holds a name, an address, a node's UUID or an identifier from outside.

## Metrics of both programs

${metricTable(shared)}
## Metrics of csr-signer

${metricTable(signer)}
Worth an alert:

- \`talos_csr_signer_ca_not_after_timestamp_seconds - time()\` below weeks: no certificate outlives the CA.
- \`talos_csr_signer_serving_cert_not_after_timestamp_seconds - time()\` below days: whoever renews it does not.
- \`increase(talos_csr_signer_reloads_total{success="false"}[15m])\` above 0: a changed file was not taken.
- \`rate(talos_csr_signer_rejections_total{reason=~"token-.*"}[5m])\` above its usual: a rotated token, or somebody who guesses.
- \`increase(talos_csr_signer_names_left_out_total{reason="own-name"}[1h])\` above 0 where no worker lists the control plane's address.

## Metrics of kms-vault

The reasons in \`talos_kms_operations_total\` are those of [the answers](errors.md#answers-of-kms-vault).

${metricTable(kms)}
Worth an alert:

- \`talos_kms_vault_up\` 0, or \`rate(talos_kms_operations_total{result="unavailable"}[5m])\` above 0: no node can boot.
- \`talos_kms_canary_ok\` 0: policy, mount or key; \`sys/health\` does not tell.
- \`talos_kms_vault_token_ending\` 1: a given token ends and nothing here replaces it.
- \`increase(talos_kms_auth_total{success="false"}[15m])\` above 0: a login that no longer works, before the token in use ends.
- \`increase(talos_kms_operations_total{op="unseal",result="refused"}[15m])\` above 0: a node that lost its key, or somebody who tries.
- \`increase(talos_kms_operations_total{op="seal",result="ok"}[1h])\` above the nodes that are installed: keys are made for somebody else.
- \`talos_kms_plaintext\` 1, where the network is not yours alone.
- \`talos_kms_serving_cert_not_after_timestamp_seconds - time()\` below days: whoever renews it does not.
`;
}

/** What a program makes, sorted by name. */
async function rowsOf(create: (metrics: Metrics) => unknown): Promise<readonly Row[]> {
  const labels = new Map<string, readonly string[]>();
  const real = createMetrics({ build: { version: "", revision: "" } });
  create({
    ...real,
    counter: (name, help, names = []) => real.counter(name, help, (labels.set(name, names), names)),
    gauge: (name, help, names = []) => real.gauge(name, help, (labels.set(name, names), names)),
    histogram: (name, help, names = [], buckets) =>
      real.histogram(name, help, (labels.set(name, names), names), buckets),
  });
  const found = (await real.text()).matchAll(/^# HELP (?<name>\S+) (?<help>.*)\n# TYPE \S+ (?<type>\S+)$/gm);
  return [...found]
    .map(({ groups: { name = "", help = "", type = "" } = {} }): Row => {
      const names = labels.get(name) ?? (name.endsWith("_build_info") ? ["version", "revision"] : []);
      return [name, type, names.join(", "), help];
    })
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function metricTable(rows: readonly Row[]): string {
  return table(
    ["Metric", "Type", "Labels", "Meaning"],
    rows.map(([name, ...rest]) => [`\`${name}\``, ...rest]),
  );
}
