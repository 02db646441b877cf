import { readVaultEnvironment, VAULT_ENVIRONMENT, type VaultSettings } from "@talos-bridge/vault";
import { expect, test } from "vitest";

const TOKEN = { VAULT_ADDR: "https://v:8200", VAULT_TOKEN: "t" };
type Env = Readonly<Record<string, string>>;

for (const { name, input, want } of [
  {
    name: "address and token",
    input: TOKEN,
    want: {
      address: "https://v:8200",
      auth: { method: "token", token: "t" },
      autoRenew: true,
      followRedirects: true,
      srvLookup: false,
    },
  },
  { name: "BAO_ before VAULT_", input: { ...TOKEN, BAO_ADDR: "https://b" }, want: { address: "https://b" } },
  {
    name: "an empty BAO_ name takes VAULT_'s away",
    input: { ...TOKEN, VAULT_NAMESPACE: "a", BAO_NAMESPACE: "" },
    want: { namespace: undefined },
  },
  {
    name: "AGENT_ADDR before ADDR",
    input: { ...TOKEN, VAULT_AGENT_ADDR: "unix:///a.sock" },
    want: { address: "unix:///a.sock", auth: { method: "token", token: "t" } },
  },
  {
    name: "both namespaces",
    input: { ...TOKEN, VAULT_NAMESPACE: "a/b", VAULT_AUTH_NAMESPACE: "a" },
    want: { namespace: "a/b", authNamespace: "a" },
  },
  {
    name: "TLS files",
    input: {
      ...TOKEN,
      VAULT_CACERT: "/ca",
      VAULT_CACERT_BYTES: "pem",
      VAULT_CAPATH: "/cas",
      VAULT_CLIENT_CERT: "/c",
      VAULT_CLIENT_KEY: "/k",
      VAULT_TLS_SERVER_NAME: "n",
    },
    want: {
      tls: {
        caFile: "/ca",
        caPem: undefined,
        caDirectory: undefined,
        certFile: "/c",
        keyFile: "/k",
        serverName: "n",
      },
    },
  },
  {
    name: "TLS texts",
    input: {
      ...TOKEN,
      VAULT_CACERT_BYTES: "pem",
      VAULT_CAPATH: "/cas",
      BAO_CLIENT_CERT_BYTES: "c",
      BAO_CLIENT_KEY_BYTES: "k",
    },
    want: { tls: { caPem: "pem", caDirectory: undefined, certPem: "c", keyPem: "k" } },
  },
  {
    name: "a CA directory",
    input: { ...TOKEN, VAULT_CAPATH: "/cas" },
    want: { tls: { caDirectory: "/cas" } },
  },
  {
    name: "a time-out in seconds",
    input: { ...TOKEN, VAULT_CLIENT_TIMEOUT: "5" },
    want: { timeoutMs: 5_000 },
  },
  {
    name: "a time-out as Go writes it",
    input: { ...TOKEN, VAULT_CLIENT_TIMEOUT: "1m1.5s" },
    want: { timeoutMs: 61_500 },
  },
  { name: "MAX_RETRIES", input: { ...TOKEN, VAULT_MAX_RETRIES: "0" }, want: { maxRetries: 0 } },
  {
    name: "a rate",
    input: { ...TOKEN, VAULT_RATE_LIMIT: "7.5" },
    want: { rateLimit: { rate: 7.5, burst: 7 } },
  },
  {
    name: "a rate and burst",
    input: { ...TOKEN, VAULT_RATE_LIMIT: "10:40" },
    want: { rateLimit: { rate: 10, burst: 40 } },
  },
  { name: "headers", input: { ...TOKEN, VAULT_HEADERS: '{"X-A":"1"}' }, want: { headers: { "X-A": "1" } } },
  {
    name: "PROXY_ADDR before the standard names",
    input: {
      ...TOKEN,
      VAULT_PROXY_ADDR: "http://p:1",
      VAULT_HTTP_PROXY: "http://q",
      HTTPS_PROXY: "http://r",
    },
    want: { proxy: { HTTPS_PROXY: "http://p:1", HTTP_PROXY: "http://p:1" } },
  },
  {
    name: "the standard proxy names",
    input: { ...TOKEN, https_proxy: "http://r", NO_PROXY: "a" },
    want: { proxy: { HTTPS_PROXY: "http://r", NO_PROXY: "a" } },
  },
  { name: "NO_PROXY alone", input: { ...TOKEN, NO_PROXY: "a" }, want: { proxy: undefined } },
  {
    name: "switches",
    input: {
      ...TOKEN,
      VAULT_AUTO_RENEW: "false",
      VAULT_DISABLE_REDIRECTS: "1",
      VAULT_SRV_LOOKUP: "T",
      VAULT_SKIP_VERIFY: "true",
    },
    want: { autoRenew: false, followRedirects: false, srvLookup: true, tls: { skipVerify: true } },
  },
] satisfies { name: string; input: Env; want: unknown }[]) {
  test(`environment: ${name}`, () => {
    const { settings, faults } = readVaultEnvironment(input);
    expect(faults).toEqual([]);
    expect(settings).toMatchObject(want);
  });
}

const ADDR = { VAULT_ADDR: "https://v:8200" };
const K8S = { VAULT_K8S_ROLE: "kms" };
const APPROLE = { VAULT_ROLE_ID: "r" };
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token";

for (const { name, input, want, passedOver = [] } of [
  {
    name: "kubernetes before all else",
    input: { ...K8S, ...APPROLE, VAULT_TOKEN: "t" },
    want: { method: "kubernetes", role: "kms", jwtFile: SERVICE_ACCOUNT, mountPath: "kubernetes" },
    passedOver: ["approle", "token"],
  },
  {
    name: "AUTH_METHOD decides",
    input: { ...K8S, ...APPROLE, VAULT_TOKEN: "t", VAULT_AUTH_METHOD: "token" },
    want: { method: "token", token: "t" },
    passedOver: ["kubernetes", "approle"],
  },
  {
    name: "AUTH_METHOD in any case, as the Go proxy takes it",
    input: { ...K8S, VAULT_TOKEN: "t", VAULT_AUTH_METHOD: "Token" },
    want: { method: "token", token: "t" },
    passedOver: ["kubernetes"],
  },
  {
    name: "kubernetes by bank-vaults' names",
    input: {
      VAULT_AUTH_METHOD: "kubernetes",
      VAULT_ROLE: "kms",
      VAULT_PATH: "auth/k8s",
      VAULT_JWT_FILE: "/j",
    },
    want: { method: "kubernetes", role: "kms", jwtFile: "/j", mountPath: "k8s" },
    passedOver: ["jwt"],
  },
  {
    name: "kubernetes by the Go proxy's names",
    input: { ...K8S, VAULT_K8S_MOUNT_PATH: "k", VAULT_K8S_SERVICE_ACCOUNT_PATH: "/s" },
    want: { method: "kubernetes", role: "kms", jwtFile: "/s", mountPath: "k" },
  },
  {
    name: "approle with a role-id alone",
    input: APPROLE,
    want: {
      method: "approle",
      roleId: { text: "r" },
      secretId: undefined,
      wrapped: false,
      mountPath: "approle",
    },
  },
  {
    name: "approle with files",
    input: { VAULT_ROLE_ID_FILE: "/r", VAULT_SECRET_ID_FILE: "/s", VAULT_APPROLE_MOUNT_PATH: "apps" },
    want: { method: "approle", roleId: { file: "/r" }, secretId: { file: "/s" }, mountPath: "apps" },
  },
  {
    name: "a wrapped secret-id",
    input: { ...APPROLE, VAULT_SECRET_ID: "w", VAULT_SECRET_ID_WRAPPED: "true" },
    want: { secretId: { text: "w" }, wrapped: true, creationPath: undefined },
  },
  {
    name: "a wrapped secret-id with its path",
    input: {
      ...APPROLE,
      VAULT_SECRET_ID: "w",
      VAULT_SECRET_ID_RESPONSE_WRAPPING_PATH: "auth/approle/role/r/secret-id",
    },
    want: { wrapped: true, creationPath: "auth/approle/role/r/secret-id" },
  },
  { name: "a token file", input: { VAULT_TOKEN_FILE: "/t" }, want: { method: "token-file", file: "/t" } },
  { name: "a token path", input: { BAO_TOKEN_PATH: "/t" }, want: { method: "token-file", file: "/t" } },
  {
    name: "jwt",
    input: { VAULT_JWT: "a.b.c", VAULT_ROLE: "r" },
    want: { method: "jwt", role: "r", jwt: { text: "a.b.c" }, mountPath: "jwt" },
  },
  {
    name: "cert",
    input: { VAULT_CLIENT_CERT: "/c", VAULT_CLIENT_KEY: "/k", VAULT_PATH: "tls" },
    want: { method: "cert", role: undefined, mountPath: "tls" },
  },
  { name: "an agent", input: { VAULT_AGENT_ADDR: "unix:///a" }, want: { method: "agent" } },
] satisfies { name: string; input: Env; want: unknown; passedOver?: string[] }[]) {
  test(`auth: ${name}`, () => {
    const read = readVaultEnvironment({ ...ADDR, ...input });
    expect(read.faults).toEqual([]);
    expect(read.settings?.auth).toMatchObject(want);
    expect(read.passedOver).toEqual(passedOver);
  });
}

test("every fault comes at once, under the name that holds it, and never with a value", () => {
  const bad: Env = {
    BAO_ADDR: "VALUE",
    VAULT_AUTH_METHOD: "approle",
    VAULT_NAMESPACE: "VALUE/../x",
    VAULT_CLIENT_KEY: "VALUE",
    VAULT_CLIENT_TIMEOUT: "VALUE",
    VAULT_MAX_RETRIES: "VALUE",
    VAULT_RATE_LIMIT: "0",
    VAULT_HEADERS: '{"X-Vault-Token":"VALUE"}',
    VAULT_SKIP_VERIFY: "VALUE",
    VAULT_PROXY_ADDR: "VALUE",
    VAULT_SECRET_ID_WRAPPED: "true",
    VAULT_APPROLE_MOUNT_PATH: "..",
  };
  const { settings, faults } = readVaultEnvironment(bad);
  expect(settings).toBeUndefined();
  expect(faults.map(({ setting }) => setting).toSorted()).toEqual([
    "BAO_ADDR",
    "VAULT_APPROLE_MOUNT_PATH",
    "VAULT_CLIENT_CERT",
    "VAULT_CLIENT_TIMEOUT",
    "VAULT_HEADERS",
    "VAULT_MAX_RETRIES",
    "VAULT_NAMESPACE",
    "VAULT_PROXY_ADDR",
    "VAULT_RATE_LIMIT",
    "VAULT_ROLE_ID",
    "VAULT_SECRET_ID",
    "VAULT_SKIP_VERIFY",
  ]);
  expect(JSON.stringify(faults)).not.toContain("VALUE");
});

for (const { name, input, want } of [
  { name: "nothing", input: {}, want: ["VAULT_ADDR", "VAULT_AUTH_METHOD"] },
  { name: "no way to log in", input: ADDR, want: ["VAULT_AUTH_METHOD"] },
  { name: "an unknown method", input: { ...TOKEN, VAULT_AUTH_METHOD: "ldap" }, want: ["VAULT_AUTH_METHOD"] },
  ...["token", "kubernetes", "approle", "jwt", "cert"].map((method) => ({
    name: `${method} without what it needs`,
    input: { ...ADDR, VAULT_AUTH_METHOD: method },
    want: [
      { token: "VAULT_TOKEN", kubernetes: "VAULT_K8S_ROLE", approle: "VAULT_ROLE_ID", jwt: "VAULT_JWT_FILE" }[
        method
      ] ?? "VAULT_CLIENT_CERT",
    ],
  })),
]) {
  test(`faults: ${name}`, () => {
    expect(readVaultEnvironment(input).faults.map(({ setting }) => setting)).toEqual(want);
  });
}

test("plain http and skipped verification are warned of", () => {
  const { warnings } = readVaultEnvironment({
    ...TOKEN,
    VAULT_ADDR: "http://v",
    VAULT_SKIP_VERIFY: "true",
  });
  expect(warnings).toEqual([
    expect.stringMatching(/^VAULT_SKIP_VERIFY/),
    expect.stringMatching(/^VAULT_ADDR/),
  ]);
});

test("each name of the table is read, under both prefixes", () => {
  const read = new Set<string>();
  const watch = (base: Env): Partial<VaultSettings> | undefined =>
    readVaultEnvironment(
      new Proxy(base, {
        get: (target, key) => {
          read.add(String(key));
          return target[String(key)];
        },
      }),
    ).settings;
  for (const method of ["token", "kubernetes", "approle", "jwt", "cert"]) {
    watch({ VAULT_AUTH_METHOD: method });
  }
  for (const { name } of VAULT_ENVIRONMENT) expect(read).toContain(`BAO_${name}`);
  for (const { name } of VAULT_ENVIRONMENT) expect(read).toContain(`VAULT_${name}`);
});
