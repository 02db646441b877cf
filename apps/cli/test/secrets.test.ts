import { readCertificates, readPrivateKey } from "@talos-bridge/pki";
import { readSecretsBundle, readTalosconfig } from "@talos-bridge/secrets-bundle";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandLine, NOW, scratchDir } from "./support/command-line.ts";

// One bundle for all tests: its service account key takes seconds.
let folder = "";
let secrets = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cli-secrets-test-"));
  secrets = join(folder, "secrets.yaml");
  const log = join(folder, "audit.log");
  const { exit, stdout } = await commandLine(["secrets", "generate", "--out", secrets], {
    env: { TALOS_BRIDGE_AUDIT_LOG: log },
  });
  expect({ exit, stdout }).toEqual({ exit: 0, stdout: "" });
  expect(JSON.parse(readFileSync(log, "utf8"))).toMatchObject({
    act: "create-authority",
    time: NOW.toISOString(),
  });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

test("generate writes a bundle of mode 0600 whose authorities have their own names, and never over another", async () => {
  expect(statSync(secrets).mode & 0o777).toBe(0o600);
  const { certs } = readSecretsBundle(readFileSync(secrets));
  const subjects = [certs.etcd, certs.k8s, certs.k8sAggregator, certs.os].map(
    ({ crt }) => readCertificates(crt)[0]?.subject,
  );
  expect(subjects).toEqual(["O=etcd", "O=kubernetes", "", "O=talos"]);
  const again = await commandLine(["secrets", "generate", "--out", secrets, "--from-kubernetes-pki", folder]);
  expect(again.exit).toBe(1);
});

test("a bootstrap token that would not be used is refused before keys are made", async () => {
  const argv = [
    "secrets",
    "generate",
    "--bootstrap-token-file",
    "token",
    "--out",
    join(scratchDir(), "secrets.yaml"),
  ];
  const { exit, stderr } = await commandLine(argv);
  expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringContaining("TB1001") });
});

test("show says what is there and no secret; --reveal says all", async () => {
  const shown = await commandLine(["secrets", "show", "--secrets", secrets]);
  const { trustdInfo, secrets: inner, cluster, certs } = readSecretsBundle(readFileSync(secrets));
  const all = [
    trustdInfo.token,
    inner.bootstrapToken,
    cluster.secret,
    inner.secretboxEncryptionSecret ?? "",
    certs.os.key,
  ];
  for (const secret of all) {
    expect(shown.stdout).not.toContain(secret);
    expect(shown.stdout).not.toContain(Buffer.from(secret).toString("base64"));
  }
  expect(shown.stdout).toMatch(/certs\.os\.crt +CA O=talos, ed25519, until 2036-/);
  const revealed = await commandLine(["secrets", "show", "--secrets", secrets, "--reveal", "-o", "json"]);
  expect(revealed.stdout).toContain(trustdInfo.token);
});

test.each([
  { field: "trustdinfo.token", argv: [], want: /^[a-z0-9]{6}\.[a-z0-9]{16}\n$/ },
  { field: "TrustdInfo.Token", argv: [], want: /^[a-z0-9]{6}\.[a-z0-9]{16}\n$/ },
  { field: "certs.os.crt", argv: [], want: /^-----BEGIN CERTIFICATE-----\n/ },
  { field: "certs.os.key", argv: [], want: /^-----BEGIN PRIVATE KEY-----\n/ },
  { field: "certs.os.key", argv: ["--pem-label", "talos"], want: /^-----BEGIN ED25519 PRIVATE KEY-----\n/ },
  { field: "certs.os.crt", argv: ["--base64"], want: /^LS0tLS1CRUdJTi[A-Za-z0-9+/]+=*\n$/ },
])("extract $field $argv", async ({ field, argv, want }) => {
  const { exit, stdout, stderr } = await commandLine([
    "secrets",
    "extract",
    field,
    "--secrets",
    secrets,
    ...argv,
  ]);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
  expect(stdout).toMatch(want);
  if (field.endsWith("key")) expect(readPrivateKey(stdout).publicKey.type).toBe("ed25519");
});

test("a field that is none lists all of them", async () => {
  const { exit, stdout, stderr } = await commandLine([
    "secrets",
    "extract",
    "certs.os",
    "--secrets",
    secrets,
  ]);
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
  expect(stderr).toContain("trustdinfo.token");
  expect(stderr).toContain("TB1009");
});

test("a bundle on standard input does; what is encrypted or no bundle says so, with its name", async () => {
  const text = readFileSync(secrets, "utf8");
  const piped = await commandLine(["secrets", "extract", "cluster.id", "--secrets", "-"], { stdin: text });
  expect(piped.exit).toBe(0);
  const sops = text.replace(/token: .*/g, "token: ENC[AES256_GCM,data:abcd,iv:ef==,tag:gh==,type:str]");
  for (const [stdin, code] of [
    [sops, "ERR_BUNDLE_ENCRYPTED"],
    ["hello: world\n", "ERR_BUNDLE_KIND"],
    ["\t", "ERR_BUNDLE"],
  ] as const) {
    const refused = await commandLine(["secrets", "show", "--secrets", "-"], { stdin });
    expect({ exit: refused.exit, stdout: refused.stdout }).toEqual({ exit: 1, stdout: "" });
    expect(refused.stderr).toContain("standard input: ");
    expect(refused.stderr).toContain(code);
  }
});

test("config talosconfig grants exactly the roles that are asked for", async () => {
  const path = join(scratchDir(), "talosconfig");
  const argv = [
    "config",
    "talosconfig",
    "--secrets",
    secrets,
    "--endpoints",
    "10.0.0.1,10.0.0.2",
    "--nodes",
    "10.0.0.3",
  ];
  const { exit } = await commandLine([...argv, "--roles", "os:reader", "--ttl", "24h", "--out", path]);
  expect(exit).toBe(0);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const context = readTalosconfig(readFileSync(path)).contexts.get("talos");
  expect(context).toMatchObject({ endpoints: ["10.0.0.1", "10.0.0.2"], nodes: ["10.0.0.3"] });
  const [client] = readCertificates(context?.crt ?? "");
  expect(client?.subject).toBe("O=os:reader");
  expect(client?.notAfter.getTime()).toBe(NOW.getTime() + 86_400_000);

  const impersonator = await commandLine([...argv, "--roles", "os:impersonator", "--out", `${path}2`]);
  expect(impersonator.exit).toBe(1);
  const admin = await commandLine([...argv, "--roles", "admin", "--out", `${path}2`]);
  expect(admin.exit).toBe(1);
});

test.each([
  { keyType: "p256" as const, want: "ecdsa-p256" },
  { keyType: "ed25519" as const, want: "ed25519" },
])("config talosconfig: of a CA on $keyType the client's key is of its type", async ({ keyType, want }) => {
  const dir = scratchDir();
  const bundle = join(dir, "bundle.yaml");
  expect((await commandLine(["secrets", "generate", "--key-type", keyType, "--out", bundle])).exit).toBe(0);
  const argv = ["config", "talosconfig", "--secrets", bundle, "--endpoints", "10.0.0.1", "--out", "-"];
  const { contexts } = readTalosconfig((await commandLine(argv)).stdout);
  const { crt = "", key = "" } = contexts.get("talos") ?? {};
  expect(readCertificates(crt)[0]?.publicKey.type).toBe(want);
  expect(readPrivateKey(key).publicKey.type).toBe(want);
});

test("nothing is issued where the act can't be written down", async () => {
  const path = join(scratchDir(), "talosconfig");
  const { exit, stderr } = await commandLine(
    ["config", "talosconfig", "--secrets", secrets, "--endpoints", "10.0.0.1", "--out", path],
    { env: { TALOS_BRIDGE_AUDIT_LOG: "/dev/null/audit.log" } },
  );
  expect(exit).toBe(1);
  expect(stderr).toContain("TB1005");
  expect(() => statSync(path)).toThrow();
});

test("config worker writes what config validate finds in order; a foreign token is found", async () => {
  const dir = scratchDir();
  const worker = join(dir, "worker.yaml");
  const argv = [
    "config",
    "worker",
    "--secrets",
    secrets,
    "--endpoint",
    "https://10.0.0.1:6443",
    "--install-disk",
    "/dev/sda",
  ];
  expect((await commandLine([...argv, "--out", worker])).exit).toBe(0);
  const good = await commandLine(["config", "validate", worker, secrets, "--secrets", secrets]);
  expect({ exit: good.exit, stdout: good.stdout }).toEqual({ exit: 0, stdout: "" });

  const foreign = readFileSync(worker, "utf8").replace(/^(\s+token: )[a-z0-9]{6}\./m, "$1abcdef.");
  const found = await commandLine(["config", "validate", "-", "--secrets", secrets, "-o", "json"], {
    stdin: foreign,
  });
  expect(found.exit).toBe(3);
  expect(JSON.parse(found.stdout).files[0].findings).toContainEqual(
    expect.objectContaining({ code: "foreign-value", path: "machine.token" }),
  );
});

test("config kms-patch wants TLS, and says what STATE needs", async () => {
  const plain = await commandLine(["config", "kms-patch", "--endpoint", "kms:8080"]);
  expect({ exit: plain.exit, stdout: plain.stdout }).toEqual({ exit: 1, stdout: "" });
  const state = await commandLine([
    "config",
    "kms-patch",
    "--endpoint",
    "https://kms:8080",
    "--volumes",
    "STATE,EPHEMERAL",
  ]);
  expect(state.exit).toBe(0);
  expect(state.stdout.match(/kind: VolumeConfig/g)).toHaveLength(2);
  expect(state.stderr).toContain("public CA");
});
