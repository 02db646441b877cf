import { loadSettings, settingsMarkdown } from "@talos-bridge/settings";
import { describe, expect, test } from "vitest";
import { SETTINGS } from "../src/settings.ts";

function load(
  argv: readonly string[] = [],
  env: Record<string, string> = {},
): ReturnType<typeof loadSettings<typeof SETTINGS>> {
  return loadSettings(SETTINGS, { argv, env });
}

test("the defaults are the Go proxy's, and design's for what is new", () => {
  const loaded = load();
  expect(loaded).toMatchObject({
    kind: "values",
    warnings: [],
    values: {
      kmsApiEndpoint: { host: undefined, port: 8080 },
      mountPath: "transit",
      enableTls: false,
      tlsCert: "server.crt",
      tlsKey: "server.key",
      backend: "transit",
      keyringPath: undefined,
      keyringCreate: false,
      keyPolicy: "upsert",
      sealSize: 32,
      sealRate: { perSecond: 50, burst: 1000 },
      canaryKey: undefined,
      maxMessageBytes: 65_536,
      disableValidation: false,
      uuidValidationMode: "strict",
      allowUuidVersions: new Set([4]),
      disableEntropyCheck: false,
      auditUuid: "full",
      enableLeaderElection: false,
      leaderElectionNamespace: "default",
      leaderElectionName: "talos-kms-leader",
      leaderElectionLeaseDuration: 15_000,
      leaderElectionRenewDeadline: 10_000,
      leaderElectionRetryPeriod: 2_000,
      leaderElectionIdentity: undefined,
      healthServer: true,
      healthServerAddr: { host: undefined, port: 8081 },
      callsPerMinutePerAddress: 0,
      callsPerMinutePerUuid: 0,
      maxConnections: 512,
      maxConnectionsPerAddress: 0,
      maxCalls: 64,
      strictFileModes: false,
      logLevel: "info",
      logFormat: "json",
      shutdownDelay: 0,
      shutdownTimeout: 10_000,
    },
  });
});

describe("command lines and environments of the Go proxy", () => {
  for (const { name, argv = [], env = {}, want } of [
    {
      name: "leader election as its README has it",
      argv: [
        "--enable-leader-election=true",
        "--leader-election-namespace=talos-system",
        "--leader-election-name=talos-kms-leader",
        "--leader-election-lease-duration=15s",
        "--kms-api-endpoint=:8080",
        "--enable-tls=true",
      ],
      env: { POD_NAME: "talos-kms-pod-123", POD_NAMESPACE: "ignored-as-the-flag-wins" },
      want: {
        enableLeaderElection: true,
        leaderElectionNamespace: "talos-system",
        leaderElectionIdentity: "talos-kms-pod-123",
        enableTls: true,
      },
    },
    {
      name: "its own names come before the pod's",
      env: {
        LEADER_ELECTION_IDENTITY: "a",
        POD_NAME: "b",
        LEADER_ELECTION_NAMESPACE: "c",
        POD_NAMESPACE: "d",
        LEADER_ELECTION_NAME: "e",
      },
      want: { leaderElectionIdentity: "a", leaderElectionNamespace: "c", leaderElectionName: "e" },
    },
    {
      name: "validation by flags with one dash",
      argv: [
        "-disable-validation=false",
        "-allow-uuid-versions=v1-v5",
        "-disable-entropy-check",
        "-mount-path=custom-transit",
      ],
      want: {
        disableValidation: false,
        allowUuidVersions: new Set([1, 2, 3, 4, 5]),
        disableEntropyCheck: true,
        mountPath: "custom-transit",
      },
    },
    {
      name: "validation by environment",
      env: {
        KMS_DISABLE_VALIDATION: "true",
        KMS_ALLOW_UUID_VERSIONS: "any",
        KMS_DISABLE_ENTROPY_CHECK: "true",
        KMS_UUID_VALIDATION_MODE: "relaxed",
      },
      want: {
        disableValidation: true,
        allowUuidVersions: "any",
        disableEntropyCheck: true,
        uuidValidationMode: "relaxed",
      },
    },
    {
      name: "health server",
      argv: ["--health-server=false", "--health-server-addr=127.0.0.1:9081"],
      want: { healthServer: false, healthServerAddr: { host: "127.0.0.1", port: 9081 } },
    },
    {
      name: "names of the reference server",
      argv: ["--tls-enable", "--tls-cert-path=/a", "--tls-key-path=/b"],
      want: { enableTls: true, tlsCert: "/a", tlsKey: "/b" },
    },
    {
      name: "what is new, by environment",
      env: {
        KMS_BACKEND: "keyring",
        KMS_KEYRING_PATH: "/k",
        KMS_KEY_POLICY: "precreate",
        KMS_SEAL_RATE: "5:10",
        KMS_AUDIT_UUID: "masked",
      },
      want: {
        backend: "keyring",
        keyringPath: "/k",
        keyPolicy: "precreate",
        sealRate: { perSecond: 5, burst: 10 },
        auditUuid: "masked",
      },
    },
  ]) {
    test(name, () => expect(load(argv, env)).toMatchObject({ kind: "values", values: want }));
  }
});

test("what the Go proxy silently took for its default is a fault", () => {
  const loaded = load(["--leader-election-lease-duration=15"], {
    KMS_ALLOW_UUID_VERSIONS: "4",
    KMS_UUID_VALIDATION_MODE: "loose",
    KMS_DISABLE_VALIDATION: "yes",
    KMS_SEAL_SIZE: "0",
    KMS_ALLOWED_SOURCES: "nodes",
  });
  expect(loaded.kind === "faults" && loaded.faults.map(({ setting }) => setting).toSorted()).toEqual([
    "--leader-election-lease-duration",
    "KMS_ALLOWED_SOURCES",
    "KMS_ALLOW_UUID_VERSIONS",
    "KMS_DISABLE_VALIDATION",
    "KMS_SEAL_SIZE",
    "KMS_UUID_VALIDATION_MODE",
  ]);
});

test("each KMS_ name has the flag alike, and none of Vault's names is taken", () => {
  for (const setting of Object.values(SETTINGS)) {
    const [first] = "env" in setting ? [setting.env].flat() : [];
    if (first === undefined) continue;
    const flag = first.toLowerCase().replaceAll("_", "-");
    expect([flag, flag.replace(/^kms-/, "")]).toContain(setting.flag);
  }
  expect(settingsMarkdown(SETTINGS)).not.toMatch(/VAULT_|BAO_/);
});
