// docs/reference/configuration*.md, one page a program.
import { settingsMarkdown } from "@talos-bridge/settings";
import { VAULT_ENVIRONMENT } from "@talos-bridge/vault";
import { SETTINGS as SIGNER_SETTINGS } from "../../apps/csr-signer/src/settings.ts";
import { SETTINGS as KMS_SETTINGS } from "../../apps/kms-vault/src/settings.ts";
import { MADE, table } from "./tables.ts";

const RULES = `- A flag stands over the environment, that over the default. Where flag and environment differ the flag counts, and a warning says so.
- Flags take one dash or two: \`--log-level debug\`, \`-log-level=debug\`. \`--flag\` alone is \`true\` for a boolean.
- An empty environment variable is unset. Durations are Go's: \`15s\`, \`1h30m\`. Lists are separated by commas.
- Unknown flags are faults. All faults are told at once, each with its setting and file, and the exit code is 1.
- \`--help\` and \`--version\` answer before anything is checked, with exit code 0.
`;

export function signerConfigurationPage(): string {
  return `${MADE}
# Configuration of csr-signer

${settingsMarkdown(SIGNER_SETTINGS)}
${RULES}
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

export function kmsConfigurationPage(): string {
  const vault = VAULT_ENVIRONMENT.map(({ name, doc, default: value, secret }) => [
    `\`VAULT_${name}\``,
    value === undefined ? "" : `\`${value}\``,
    secret === true ? `${doc} Its value is never shown.` : doc,
  ]);
  return `${MADE}
# Configuration of kms-vault

${settingsMarkdown(KMS_SETTINGS)}
${RULES}
## Vault and OpenBao

Read from the environment alone. For each name \`BAO_NAME\` counts if it is there, even empty; else \`VAULT_NAME\`. What is empty counts as
not given. How each way to log in is set up: [logins](../guides/kms-auth.md).

${table(["Environment", "Default", "Meaning"], vault)}
## Files

Their content is followed while the program runs; which files are read is decided at start.

| Setting | Content |
| --- | --- |
| \`--tls-cert\`, \`--tls-key\` | The serving pair in PEM, the server's own certificate first. A renewed pair is taken for the handshakes to come; one that does not fit together changes nothing. |
| \`VAULT_CACERT\`, \`VAULT_CLIENT_CERT\`, \`VAULT_CLIENT_KEY\` | PEM. A change makes new connections. |
| \`VAULT_TOKEN_FILE\`, \`VAULT_SECRET_ID_FILE\`, \`VAULT_JWT_FILE\`, … | The credential alone; white space around it is ignored. A change brings about a login. |
| \`KMS_KEYRING_PATH\` | One JSON file with a checksum, mode 0600, made and changed by the program alone. |

Key files and keyrings that are writable by others on a writable mount keep the program from starting. Group-writable or readable by others is
a warning, and a fault with \`STRICT_FILE_MODES=true\`.

## Ports

| Port | Setting | What |
| --- | --- | --- |
| 8080 | \`--kms-api-endpoint\` | gRPC, over TLS 1.2 or newer with \`--enable-tls\`, else in plaintext: \`sidero.kms.KMSService/Seal\`, \`/Unseal\`, \`grpc.health.v1.Health/Check\`. Callers have no credentials: the protocol has none. |
| 8081 | \`--health-server-addr\` | Plain HTTP: \`/livez\`, \`/healthz\`, \`/readyz\`, \`/ready\` (each also with \`?verbose\`), \`/metrics\`, \`/info\`; with leader election \`/leader\`. Nothing secret is on it. |

\`/livez\` answers as long as the process does, whatever Vault does. \`/readyz\` is 200 while there is a valid token, Vault was usable within
the last 30 s, this replica leads (with leader election), and no stop is under way.

## Fixed

- A call has 8 s for all that it asks of Vault, logins and retries included: Talos gives up after 10 s.
- A message has at most \`KMS_MAX_MESSAGE_BYTES\`. Four streams a connection. A connection that had no answered call closes after 10 s; others after 5
  minutes without one, and after an hour.
- Vault's \`sys/health\` is asked every 5 s, the canary key used every minute.
`;
}
