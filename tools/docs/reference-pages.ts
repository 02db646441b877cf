// The pages of docs/reference, made from the code: path from the repository's root, and text.
import { Health, SecurityService } from "@talos-bridge/api";
import { createCallMetrics, createMetrics, type Metrics } from "@talos-bridge/grpc-server";
import { settingsMarkdown } from "@talos-bridge/settings";
import { SETTINGS } from "../../apps/csr-signer/src/settings.ts";
import { createSignerMetrics } from "../../apps/csr-signer/src/signer-metrics.ts";
import { SERVER_ANSWERS, SIGNER_ANSWERS, type Answer } from "./answer-notes.ts";
import { PEM_NOTES, PKI_NOTES, SERVER_NOTES, SETTINGS_NOTES, TOKEN_NOTES, type Note } from "./error-notes.ts";
import { cliPages } from "./cli-pages.ts";
import { LOG_NOTES } from "./log-notes.ts";
import { BUNDLE_NOTES, FINDING_NOTES } from "./secrets-bundle-notes.ts";

const MADE = "<!-- Made by tools/generate-docs.ts from the code. Change it there. -->\n";

export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["docs/reference/configuration.md", configurationPage()],
    ["docs/reference/errors.md", errorsPage()],
    ["docs/reference/metrics.md", await metricsPage()],
    ...cliPages(MADE),
  ]);
}

function configurationPage(): string {
  return `${MADE}
# Configuration of csr-signer

${settingsMarkdown(SETTINGS)}
- A flag stands over the environment, that over the default. Where flag and environment differ the flag counts, and a warning says so.
- Flags take one dash or two: \`--port 50001\`, \`-port=50001\`. \`--flag\` alone is \`true\` for a boolean.
- An empty environment variable is unset. Durations are Go's: \`15s\`, \`1h30m\`. Lists are separated by commas.
- Unknown flags are faults. All faults are told at once, each with its setting and file, and the exit code is 1.
- \`--help\` and \`--version\` answer before anything is checked, with exit code 0.

## Files

Which files are read is decided at start; their content is followed while the signer runs (see [architecture](../architecture.md#reload)).

| Setting | Content |
| --- | --- |
| \`CA_CERT_PATH\` | PEM certificates. The one that belongs to the key issues; others are returned to workers as accepted CAs. A private key in it is a fault. |
| \`CA_KEY_PATH\` | One PEM private key, not encrypted: \`PRIVATE KEY\`, Talos's \`ED25519 PRIVATE KEY\`, \`EC PRIVATE KEY\` or \`RSA PRIVATE KEY\`. |
| \`TLS_CERT_PATH\`, \`TLS_KEY_PATH\` | The serving pair, the server's own certificate first. It must chain to one of the accepted CAs. |
| \`ACCEPTED_CAS_PATH\` | PEM certificates of CAs. |
| \`TALOS_TOKEN_FILE\` | One token a line; blank lines and lines that begin with \`#\` are ignored. |

Key and token files that are writable by others on a writable mount keep the signer from starting. Group-writable or readable by others
is a warning, and a fault with \`STRICT_FILE_MODES=true\`. Modes are those of the file that links lead to.

## Ports

| Port | Setting | What |
| --- | --- | --- |
| 50001 | \`PORT\` | gRPC over TLS 1.2 or newer: \`securityapi.SecurityService/Certificate\` with a token, \`grpc.health.v1.Health/Check\` without. |
| 8081 | \`ADMIN_ADDR\` | Plain HTTP: \`/livez\`, \`/healthz\`, \`/readyz\`, \`/ready\` (each also with \`?verbose\`), \`/metrics\`. Nothing secret is on it. |

\`/livez\` answers as long as the process does. \`/readyz\` is 200 while the issuing CA is valid, workers could verify the serving certificate,
and no stop is under way.
`;
}

function errorsPage(): string {
  return `${MADE}
# Errors

What a worker is answered, what the log says, and what the codes of the packages mean. No message holds a token, a key or a
request's bytes. A Talos worker shows the gRPC code and text in its own log (\`talosctl dmesg\`, or the console) and tries again.

## Answers of the signer

One audit line \`refused\` each, and one count in \`talos_csr_signer_rejections_total\` under the reason.

${answerTable(SIGNER_ANSWERS)}
## Answers of the server

Given before a call reaches the signer. They count in \`grpc_server_handled_total\` by code.

${answerTable(SERVER_ANSWERS)}
A request that is not gRPC gets an HTTP status alone: 405 for another method than POST, 415 for another content type.

## Log

JSON lines by default, \`LOG_FORMAT=text\` for people. Text that comes from a peer is escaped.
Warnings about settings, such as a flag that stands over another value in the environment, are lines of their own.

${table(
  ["Message", "Level", "Fields", "Meaning"],
  Object.entries(LOG_NOTES).map(([message, { level, fields, meaning }]) => [
    `\`${message}\``,
    level,
    fields,
    meaning,
  ]),
)}
## Codes

A package throws one error class; callers branch on its \`code\`, never on the message.

### pki

\`PkiError\`. As an answer, each means that the request is at fault. As a configuration fault the message says which file.

${codeTable(PKI_NOTES)}
### pem

\`PemError\`. Messages name the line.

${codeTable(PEM_NOTES)}
### secrets-bundle

\`SecretsBundleError\`. Messages name fields, lines and columns, never a value.

${codeTable(BUNDLE_NOTES)}
What its checks find is data, with one of these codes:

${codeTable(FINDING_NOTES)}
### token-auth

\`TokenAuthError\`. Messages name a token by \`env\` or \`file:LINE\`.

${codeTable(TOKEN_NOTES)}
### settings

\`SettingsError\`.

${codeTable(SETTINGS_NOTES)}
### grpc-server

\`GrpcServerError\`: faults outside a call. Faults of a call are the answers above.

${codeTable(SERVER_NOTES)}`;
}

async function metricsPage(): Promise<string> {
  const labels = new Map<string, readonly string[]>();
  const real = createMetrics({ build: { version: "", revision: "" } });
  const metrics: Metrics = {
    ...real,
    counter: (name, help, names = []) => real.counter(name, help, (labels.set(name, names), names)),
    gauge: (name, help, names = []) => real.gauge(name, help, (labels.set(name, names), names)),
    histogram: (name, help, names = [], buckets) =>
      real.histogram(name, help, (labels.set(name, names), names), buckets),
  };
  createCallMetrics(metrics, [
    { service: SecurityService.typeName, method: "Certificate" },
    { service: Health.typeName, method: "Check" },
  ]);
  createSignerMetrics(metrics);
  const found = [
    ...(await metrics.text()).matchAll(/^# HELP (?<name>\S+) (?<help>.*)\n# TYPE \S+ (?<type>\S+)$/gm),
  ];
  const rows = found
    .map(({ groups: { name = "", help = "", type = "" } = {} }) => [
      `\`${name}\``,
      type,
      (labels.get(name) ?? (name.endsWith("_build_info") ? ["version", "revision"] : [])).join(", "),
      help,
    ])
    .toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  return `${MADE}
# Metrics of csr-signer

\`/metrics\` on the admin port, in Prometheus's text format. No label holds a name, an address or an identifier from outside.

${table(["Metric", "Type", "Labels", "Meaning"], rows)}
Worth an alert:

- \`talos_csr_signer_ca_not_after_timestamp_seconds - time()\` below weeks: no certificate outlives the CA.
- \`talos_csr_signer_serving_cert_not_after_timestamp_seconds - time()\` below days: whoever renews it does not.
- \`increase(talos_csr_signer_reloads_total{success="false"}[15m])\` above 0: a changed file was not taken.
- \`rate(talos_csr_signer_rejections_total{reason=~"token-.*"}[5m])\` above its usual: a rotated token, or somebody who guesses.
- \`increase(talos_csr_signer_names_left_out_total{reason="own-name"}[1h])\` above 0 where no worker lists the control plane's address.
`;
}

function answerTable(answers: readonly Answer[]): string {
  return table(
    ["gRPC code", "Text", "Reason", "Meaning"],
    answers.map(({ code, text, reason, meaning }) => [code, text, `\`${reason}\``, meaning]),
  );
}

function codeTable(notes: Readonly<Record<string, Note>>): string {
  return table(
    ["Code", "Cause", "Cure"],
    Object.entries(notes).map(([code, { cause, cure }]) => [`\`${code}\``, cause, cure]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return [head, head.map(() => "---"), ...rows].map(line).join("");
}
