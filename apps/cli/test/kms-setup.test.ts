import { expect, test } from "vitest";
import { commandLine } from "./support/command-line.ts";

test("the policy lets a node's first Seal make its key, unless keys are made beforehand", async () => {
  const upsert = await commandLine(["kms", "policy"]);
  expect(upsert.stdout).toContain('path "transit/encrypt/+" {\n  capabilities = ["create", "update"]\n}');
  const precreate = await commandLine([
    "kms",
    "policy",
    "--key-policy",
    "precreate",
    "--mount-path",
    "kms/transit",
  ]);
  expect(precreate.stdout).toContain('path "kms/transit/encrypt/+" {\n  capabilities = ["update"]\n}');
  expect(precreate.stdout).not.toContain('create"');
});

test.each([
  {
    auth: "kubernetes",
    want: "vault write auth/kubernetes/role/talos-kms-role bound_service_account_names=talos-kms bound_service_account_namespaces=default token_policies=talos-kms-policy token_ttl=3600",
  },
  {
    auth: "approle",
    want: "vault write auth/approle/role/talos-kms token_policies=talos-kms-policy token_ttl=3600 token_max_ttl=14400",
  },
  { auth: "jwt", want: "bound_subject=system:serviceaccount:default:talos-kms" },
])("prints the commands for $auth with the names that guides use", async ({ auth, want }) => {
  const { exit, stdout } = await commandLine(["kms", "setup", "--auth", auth]);
  expect(exit).toBe(0);
  expect(stdout).toContain("vault secrets enable -path=transit transit");
  expect(stdout).toContain("vault policy write talos-kms-policy -");
  expect(stdout).toContain(want);
});

test.each([
  { name: "a mount path that climbs", argv: ["--mount-path", "../sys"] },
  { name: "a mount path with a quote", argv: ["--mount-path", 'a"b'] },
  { name: "a policy name for a shell", argv: ["--policy-name", "a;b"] },
  { name: "a role for a shell", argv: ["--role", "$(a)"] },
  { name: "an auth path that climbs", argv: ["--auth-path", "../sys"] },
  { name: "a life of nothing", argv: ["--ttl", "0s"] },
  { name: "cert without a CA", argv: ["--auth", "cert"] },
])("refuses $name", async ({ argv }) => {
  const { exit, stdout } = await commandLine(["kms", "setup", ...argv]);
  expect(exit).toBe(1);
  expect(stdout).toBe("");
});

test("--apply without an address says which settings are missing", async () => {
  const { exit, stderr } = await commandLine(["kms", "setup", "--apply"]);
  expect(exit).toBe(1);
  expect(stderr).toContain("VAULT_ADDR must be given");
});

// Nobody listens there.
const VAULT = { VAULT_ADDR: "http://127.0.0.1:9", VAULT_TOKEN: "t", VAULT_MAX_RETRIES: "0" };

test.each([
  { name: "kms setup", argv: ["kms", "setup", "--apply"], stdin: "" },
  {
    name: "kms unseal",
    argv: ["kms", "unseal", "--offline", "--in", "-", "--node-uuid", "a"],
    stdin: "vault:v1:YQ==",
  },
])("$name: a Vault that nobody reaches is not told as a token that is refused", async ({ argv, stdin }) => {
  const { exit, stderr } = await commandLine(argv, { env: VAULT, stdin });
  expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringContaining("ECONNREFUSED") });
});

test.each([
  { name: "what a keyring sealed", sealed: "tbk:v1:1:YQ==", uuid: "a", want: "TB1007" },
  { name: "a UUID that names no key", sealed: "vault:v1:YQ==", uuid: "../a", want: "TB1001" },
])("unseal --offline refuses $name before Vault is asked", async ({ sealed, uuid, want }) => {
  const argv = ["kms", "unseal", "--offline", "--in", "-", "--node-uuid", uuid];
  const { exit, stdout, stderr } = await commandLine(argv, { env: VAULT, stdin: sealed });
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
  expect(stderr).toContain(`(${want},`);
});
