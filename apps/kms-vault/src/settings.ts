import { SERVER_SETTINGS } from "@talos-bridge/grpc-server";
import { address, boolean, duration, integer, oneOf, path, text, type Setting } from "@talos-bridge/settings";
import { sourceNetworks } from "./caller-limits.ts";
import { uuidVersions } from "./node-uuid.ts";
import { sealRate } from "./seal-rate.ts";

const HOUR_MS = 3_600_000;

/**
 * The server's settings, the Go proxy's names and defaults kept. What reaches Vault (`VAULT_*`, `BAO_*`) is the vault
 * package's own table, `VAULT_ENVIRONMENT`. docs/reference/configuration-kms-vault.md is made from both.
 */
export const SETTINGS = {
  kmsApiEndpoint: {
    flag: "kms-api-endpoint",
    default: ":8080",
    ...address(),
    doc: "Address of the gRPC service.",
  },
  mountPath: {
    flag: "mount-path",
    default: "transit",
    ...text("path"),
    doc: "Where the transit secrets engine is mounted.",
  },
  enableTls: {
    flag: "enable-tls",
    aliases: ["tls-enable"],
    default: "false",
    ...boolean(),
    doc: "TLS on the gRPC service. Without it disk keys cross the network in the clear: a warning and a metric say so.",
  },
  tlsCert: {
    flag: "tls-cert",
    aliases: ["tls-cert-path"],
    default: "server.crt",
    ...path(),
    doc: "Serving certificate, read with `--enable-tls`.",
  },
  tlsKey: {
    flag: "tls-key",
    aliases: ["tls-key-path"],
    default: "server.key",
    ...path(),
    doc: "Private key of the serving certificate.",
  },
  backend: {
    env: "KMS_BACKEND",
    flag: "kms-backend",
    default: "transit",
    ...oneOf(["transit", "keyring"]),
    doc: "`transit`: keys in Vault or OpenBao. `keyring`: keys in one file, for trying out and tests.",
  },
  keyringPath: {
    env: "KMS_KEYRING_PATH",
    flag: "kms-keyring-path",
    ...path(),
    doc: "The keyring's file. Required for that backend.",
  },
  keyringCreate: {
    env: "KMS_KEYRING_CREATE",
    flag: "kms-keyring-create",
    default: "false",
    ...boolean(),
    doc: "Make the keyring where its file is not there. Off, a lost volume is a fault instead of a fresh start that unseals nothing.",
  },
  keyPolicy: {
    env: "KMS_KEY_POLICY",
    flag: "kms-key-policy",
    default: "upsert",
    ...oneOf(["upsert", "precreate"]),
    doc: "`upsert`: a node's first Seal makes its key. `precreate`: never; only nodes whose key is there are served.",
  },
  sealSize: {
    env: "KMS_SEAL_SIZE",
    flag: "kms-seal-size",
    default: "32",
    ...integer({ min: 1, max: 32_768 }),
    doc: "Bytes that Seal takes, exactly. Talos sends 32.",
  },
  sealRate: {
    env: "KMS_SEAL_RATE",
    flag: "kms-seal-rate",
    default: "50:1000",
    ...sealRate(),
    doc: "Seals a second over all callers, and how many may come at once: a Seal may make a key for good.",
  },
  canaryKey: {
    env: "KMS_CANARY_KEY",
    flag: "kms-canary-key",
    ...text("key name"),
    doc: "A transit key that is sealed and unsealed with now and then; a failure warns and sets a metric. Unset: none.",
  },
  maxMessageBytes: {
    env: "KMS_MAX_MESSAGE_BYTES",
    flag: "kms-max-message-bytes",
    default: "65536",
    ...integer({ min: 1024, max: 4_194_304 }),
    doc: "Bytes of one message at most.",
  },
  disableValidation: {
    env: "KMS_DISABLE_VALIDATION",
    flag: "disable-validation",
    default: "false",
    ...boolean(),
    doc: "Check nothing of a UUID but its shape, which is always checked.",
  },
  uuidValidationMode: {
    env: "KMS_UUID_VALIDATION_MODE",
    flag: "uuid-validation-mode",
    default: "strict",
    ...oneOf(["strict", "relaxed"]),
    doc: "`strict`: the two settings below count. `relaxed`: any UUID, as real boards have them; one that many boards share warns.",
  },
  allowUuidVersions: {
    env: "KMS_ALLOW_UUID_VERSIONS",
    flag: "allow-uuid-versions",
    default: "v4",
    ...uuidVersions(),
    doc: "UUID versions that are let in, such as `v4`, `v1-v5` or `v1,v4,v7`, with the variant of RFC 9562. `any`: whatever the version and variant.",
  },
  disableEntropyCheck: {
    env: "KMS_DISABLE_ENTROPY_CHECK",
    flag: "disable-entropy-check",
    default: "false",
    ...boolean(),
    doc: "Let in UUIDs that look made up, such as `00000000-0000-4000-8000-000000000001`.",
  },
  auditUuid: {
    env: "KMS_AUDIT_UUID",
    flag: "kms-audit-uuid",
    default: "full",
    ...oneOf(["full", "masked"]),
    doc: "How the audit shows a node's UUID. `masked` is the Go proxy's form, `550e84**-****-****-**0000`.",
  },
  enableLeaderElection: {
    flag: "enable-leader-election",
    default: "false",
    ...boolean(),
    doc: "Only the holder of a Lease serves. Rarely wanted: transit keeps no state here, so all replicas can serve.",
  },
  leaderElectionNamespace: {
    env: ["LEADER_ELECTION_NAMESPACE", "POD_NAMESPACE"],
    flag: "leader-election-namespace",
    default: "default",
    ...text("namespace"),
    doc: "Namespace of the Lease.",
  },
  leaderElectionName: {
    env: "LEADER_ELECTION_NAME",
    flag: "leader-election-name",
    default: "talos-kms-leader",
    ...text("name"),
    doc: "Name of the Lease.",
  },
  leaderElectionLeaseDuration: {
    flag: "leader-election-lease-duration",
    default: "15s",
    ...duration({ min: 1_000, max: HOUR_MS }),
    doc: "How long others wait for a leader that is not heard of. Above the renew deadline.",
  },
  leaderElectionRenewDeadline: {
    flag: "leader-election-renew-deadline",
    default: "10s",
    ...duration({ min: 1, max: HOUR_MS }),
    doc: "How long after its last renewal a leader goes on serving. Above 1.2 times the retry period.",
  },
  leaderElectionRetryPeriod: {
    flag: "leader-election-retry-period",
    default: "2s",
    ...duration({ min: 1, max: HOUR_MS }),
    doc: "Time between two renewals, or two tries to become leader.",
  },
  leaderElectionIdentity: {
    env: ["LEADER_ELECTION_IDENTITY", "POD_NAME"],
    flag: "leader-election-identity",
    ...text("name"),
    doc: "This replica's name in the Lease, unlike any other's. Unset: the host name.",
  },
  serviceAccountPath: {
    env: "KMS_SERVICE_ACCOUNT_PATH",
    flag: "kms-service-account-path",
    default: "/var/run/secrets/kubernetes.io/serviceaccount",
    ...path(),
    doc: "Folder of the service account that keeps the Lease: `token` and `ca.crt`, read again as they change.",
  },
  healthServer: {
    flag: "health-server",
    default: "true",
    ...boolean(),
    doc: "Serve `/livez`, `/readyz`, `/healthz`, `/metrics`, and the Go proxy's `/ready`, `/leader` and `/info`.",
  },
  healthServerAddr: {
    flag: "health-server-addr",
    default: ":8081",
    ...address(),
    doc: "Address of these. Where the default is taken by another process the server warns and goes on without.",
  },
  allowedSources: {
    env: "KMS_ALLOWED_SOURCES",
    flag: "kms-allowed-sources",
    default: "",
    ...sourceNetworks(),
    doc: "Networks that calls must come from. Empty: all. Not behind a proxy or NAT that hides the nodes.",
  },
  callsPerMinutePerAddress: {
    env: "KMS_CALLS_PER_MINUTE_PER_ADDRESS",
    flag: "kms-calls-per-minute-per-address",
    default: "0",
    ...integer({ min: 0, max: 1_000_000 }),
    doc: "Seals and Unseals that one address may ask for a minute. 0: no such limit; whole sites sit behind one address.",
  },
  callsPerMinutePerUuid: {
    env: "KMS_CALLS_PER_MINUTE_PER_UUID",
    flag: "kms-calls-per-minute-per-uuid",
    default: "0",
    ...integer({ min: 0, max: 1_000_000 }),
    doc: "Seals and Unseals that may be asked for one node a minute. 0: no such limit.",
  },
  ...SERVER_SETTINGS,
} satisfies Record<string, Setting<unknown>>;
