import { expect, test } from "vitest";
import { keyringEnvironment, runOnce, scratchDir, startKms } from "./support/kms.ts";

test.each([
  {
    name: "transit without an address says which setting is missing",
    argv: [],
    env: {},
    want: [
      { setting: "VAULT_ADDR", fault: expect.stringContaining("must be given") },
      { setting: "VAULT_AUTH_METHOD", fault: expect.stringContaining("must be") },
    ],
  },
  {
    name: "all faults at once",
    argv: ["--enable-tls", "--enable-leader-election", "--leader-election-renew-deadline=20s"],
    env: { KMS_BACKEND: "keyring", KMS_KEY_POLICY: "precreate" },
    want: [
      { setting: "--leader-election-*", fault: "the lease duration must be above the renew deadline" },
      { setting: "--tls-cert", file: "server.crt", fault: "can't be read" },
      { setting: "--tls-key", file: "server.key", fault: "can't be read" },
      {
        setting: "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT",
        fault: expect.stringContaining("in a pod"),
      },
      { setting: "KMS_KEY_POLICY", fault: "precreate needs the transit backend" },
    ],
  },
  {
    name: "faults of flags and of what reaches Vault, all at once",
    argv: ["--kms-seal-size=0"],
    env: {
      VAULT_ADDR: "ftp://vault.test",
      VAULT_TOKEN: "hvs.token-of-the-test",
      VAULT_SKIP_VERIFY: "perhaps",
    },
    want: [{ setting: "--kms-seal-size" }, { setting: "VAULT_ADDR" }, { setting: "VAULT_SKIP_VERIFY" }],
  },
  {
    name: "a keyring that is not there is not made unasked",
    argv: [],
    env: { KMS_BACKEND: "keyring", KMS_KEYRING_PATH: "/nowhere/keyring.json" },
    want: [{ setting: "KMS_KEYRING_PATH", fault: expect.stringContaining("is not there") }],
  },
])("refuses to start: $name", async ({ argv, env, want }) => {
  const { code, lines } = await runOnce({ argv, env });
  expect(code).toBe(1);
  const faults = lines.filter(({ msg }) => msg === "configuration fault");
  expect(faults).toHaveLength(want.length);
  for (const [index, fault] of want.entries()) expect(faults[index]).toMatchObject(fault);
});

/** What each setting must not be. What reaches Vault is tested in its package. */
const FAULTS: readonly (readonly [setting: string, value: string])[] = [
  ["--kms-api-endpoint", "8080"],
  ["--kms-api-endpoint", ":65536"],
  ["--mount-path", "../sys"],
  ["--mount-path", "a b"],
  ["--enable-tls", "yes"],
  ["--kms-backend", "file"],
  ["--kms-keyring-create", "2"],
  ["--kms-key-policy", "create"],
  ["--kms-seal-size", "0"],
  ["--kms-seal-size", "32769"],
  ["--kms-seal-size", "32.5"],
  ["--kms-seal-rate", "0"],
  ["--kms-canary-key", "a/b"],
  ["--kms-canary-key", ".."],
  ["--kms-max-message-bytes", "1023"],
  ["--kms-max-message-bytes", "4194305"],
  ["--disable-validation", "on"],
  ["--uuid-validation-mode", "lax"],
  ["--allow-uuid-versions", "4"],
  ["--allow-uuid-versions", "v9"],
  ["--disable-entropy-check", ""],
  ["--kms-audit-uuid", "none"],
  ["--enable-leader-election", "maybe"],
  ["--leader-election-lease-duration", "15"],
  ["--leader-election-lease-duration", "999ms"],
  ["--leader-election-renew-deadline", "0s"],
  ["--leader-election-retry-period", "-2s"],
  ["--health-server", "off"],
  ["--health-server-addr", "localhost"],
  ["--kms-allowed-sources", "10.0.0.0/33"],
  ["--kms-calls-per-minute-per-address", "-1"],
  ["--kms-calls-per-minute-per-uuid", "1e3"],
];

test.each(FAULTS)("%s=%s is a fault that names the setting and not the value", async (setting, value) => {
  const { code, lines } = await runOnce({
    argv: [`${setting}=${value}`],
    env: { VAULT_ADDR: "https://vault.test", VAULT_TOKEN: "hvs.token-of-the-test" },
  });
  expect(code).toBe(1);
  const faults = lines.filter(({ msg }) => msg === "configuration fault");
  const name = setting === "--kms-canary-key" ? "KMS_CANARY_KEY" : setting;
  expect(faults.map((fault) => fault["setting"])).toEqual([name]);
});

test.each([
  { name: "lease namespace", argv: ["--leader-election-namespace=A/b"], want: "--leader-election-namespace" },
  { name: "lease name", argv: ["--leader-election-name=../x"], want: "--leader-election-name" },
  { name: "CA of the server", env: { VAULT_CACERT: "/nowhere/ca.crt" }, want: "VAULT_CACERT" },
  {
    name: "client certificate",
    env: { VAULT_CLIENT_CERT: "/nowhere/client.crt", VAULT_CLIENT_KEY: "/nowhere/client.key" },
    want: "VAULT_CLIENT_CERT",
  },
  { name: "folder of CAs", env: { VAULT_CAPATH: "/nowhere" }, want: "VAULT_CAPATH" },
  { name: "unknown flag", argv: ["--vault-addr=x"], want: "--vault-addr" },
])("a fault of its $name is told by the setting", async ({ argv = [], env, want }) => {
  const { code, lines } = await runOnce({
    argv: [...(want.includes("leader") ? ["--enable-leader-election"] : []), ...argv],
    env: {
      VAULT_ADDR: "https://vault.test",
      VAULT_TOKEN: "hvs.token-of-the-test",
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: "443",
      ...env,
    },
  });
  expect(code).toBe(1);
  expect(lines.filter(({ msg }) => msg === "configuration fault").map(({ setting }) => setting)).toEqual([
    want,
  ]);
});

test("a faulty mount path is told beside the faults of Vault's own names", async () => {
  const { lines } = await runOnce({
    argv: ["--mount-path=../sys"],
    env: { VAULT_TOKEN: "hvs.token-of-the-test" },
  });
  expect(lines.flatMap(({ setting }) => setting ?? [])).toEqual(["VAULT_ADDR", "--mount-path"]);
});

test("a port that is taken", async () => {
  const { port, adminPort } = await startKms();
  for (const [setting, taken] of [
    ["--kms-api-endpoint", port],
    ["--health-server-addr", adminPort],
  ] as const) {
    const { code, lines } = await runOnce({
      argv: [
        "--kms-api-endpoint=127.0.0.1:0",
        "--health-server-addr=127.0.0.1:0",
        `${setting}=127.0.0.1:${taken}`,
      ],
      env: keyringEnvironment(scratchDir()),
    });
    expect(code).toBe(1);
    expect(lines).toContainEqual(
      expect.objectContaining({
        msg: "configuration fault",
        setting,
        fault: expect.stringContaining("EADDRINUSE"),
      }),
    );
  }
});

test("help and version need no configuration", async () => {
  expect(await runOnce({ argv: ["--help"] })).toMatchObject({
    code: 0,
    output: expect.stringContaining("--mount-path"),
  });
  expect(await runOnce({ argv: ["--version"] })).toMatchObject({
    code: 0,
    output: expect.stringMatching(/^kms-vault /),
  });
});

test("a name of the environment that looks like a setting and is none is told; Kubernetes's own are not", async () => {
  const { lines } = await runOnce({
    env: {
      KMS_ALLOWED_SOURCE: "10.0.0.0/8",
      KMS_KEYPOLICY: "precreate",
      KMS_SERVICE_HOST: "10.96.0.7",
      KMS_SERVICE_PORT_GRPC: "8080",
      KMS_PORT: "tcp://10.96.0.7:8080",
      KMS_PORT_8080_TCP_ADDR: "10.96.0.7",
      KMS_SEAL_RATE: "50:1000",
    },
  });
  const told = lines.filter(({ msg }) => msg === "no such setting").map(({ setting }) => setting);
  expect(told).toEqual(["KMS_ALLOWED_SOURCE", "KMS_KEYPOLICY"]);
});
