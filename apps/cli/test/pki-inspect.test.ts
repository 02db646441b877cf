import { createCertificateRequest } from "@talos-bridge/pki";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createServer } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import {
  ADMIN,
  base64,
  file,
  makeAuthority,
  makeLeaf,
  talosconfig,
  type Pair,
} from "./support/authorities.ts";
import { commandLine, scratchDir } from "./support/command-line.ts";

const os = await makeAuthority();
const node = await makeLeaf(os);
const admin = await makeLeaf(os, ADMIN, { names: [] });
const request = await createCertificateRequest({
  names: { commonName: "worker-1", dnsNames: ["worker-1"], ipAddresses: [] },
  privateKey: node.privateKey,
});

async function serve({ crt, key }: Pair): Promise<string> {
  const server = createServer({ cert: crt, key });
  server.on("secureConnection", (socket) => socket.on("error", () => undefined));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `127.0.0.1:${address.port}`;
}

interface Item {
  readonly target: string;
  readonly path: string;
  readonly index: number;
  readonly kind: string;
}

async function items(
  argv: readonly string[],
  stdin?: string,
): Promise<{ exit: number; items: readonly Item[] }> {
  const { exit, stdout } = await commandLine(
    ["pki", "inspect", ...argv, "-o", "json"],
    stdin === undefined ? {} : { stdin },
  );
  const told: { items: readonly Item[] } = JSON.parse(stdout);
  return { exit, items: told.items };
}

test("many targets of every kind at once, in their order", async () => {
  const dir = scratchDir();
  const several = file(dir, "several.pem", `# comment\n${node.crt}${os.crt}${node.key}`);
  const bundle = `certs:\n  os:\n    crt: ${base64(os.crt)}\n    key: ${base64(os.key)}\n`;
  const machine = `version: v1alpha1\nmachine:\n  acceptedCAs:\n    - crt: ${base64(os.crt)}\n---\nkind: TrustedRootsConfig\ncertificates: |\n${os.crt.replaceAll(/^/gm, "    ")}\n`;
  const server = await serve(node);
  const told = await items(
    [
      several,
      file(dir, "leaf.der", node.der),
      file(dir, "leaf.b64", base64(node.crt)),
      file(dir, "worker.csr", request),
      file(dir, "secrets.yaml", bundle),
      file(dir, "worker.yaml", machine),
      "-",
      server,
      `tls://${server}`,
    ],
    talosconfig(admin, os),
  );
  expect(told.exit).toBe(0);
  expect(
    told.items.map(({ target, path, index, kind }) => [target.replace(`${dir}/`, ""), path, index, kind]),
  ).toEqual([
    ["several.pem", "", 1, "certificate"],
    ["several.pem", "", 2, "certificate"],
    ["several.pem", "", 3, "private-key"],
    ["leaf.der", "", 1, "certificate"],
    ["leaf.b64", "", 1, "certificate"],
    ["worker.csr", "", 1, "certificate-request"],
    ["secrets.yaml", "certs.os.crt", 1, "certificate"],
    ["secrets.yaml", "certs.os.key", 1, "private-key"],
    ["worker.yaml", "machine.acceptedCAs[0].crt", 1, "certificate"],
    ["worker.yaml", "TrustedRootsConfig: certificates", 1, "certificate"],
    ["-", "contexts.demo.ca", 1, "certificate"],
    ["-", "contexts.demo.crt", 1, "certificate"],
    ["-", "contexts.demo.key", 1, "private-key"],
    [server, "", 1, "certificate"],
    [`tls://${server}`, "", 1, "certificate"],
  ]);
});

test.each(["table", "json", "yaml"])("nothing of a key is shown (%s)", async (format) => {
  const path = file(scratchDir(), "talosconfig", talosconfig(admin, os));
  const { stdout, stderr } = await commandLine(["pki", "inspect", path, "-v", "-o", format]);
  const { d = "" } = admin.privateKey.key.export({ format: "jwk" });
  const seed = Buffer.from(d, "base64url");
  expect(seed).toHaveLength(32);
  for (const form of [seed.toString("base64").slice(0, 40), seed.toString("hex"), d, "PRIVATE KEY-----"]) {
    expect(stdout + stderr).not.toContain(form);
  }
  expect(stdout).toContain("ed25519");
});

test("the table has a line each, with what a person should know of it", async () => {
  const dir = scratchDir();
  const legacy = await makeLeaf(os, { ...ADMIN, extendedKeyUsage: ["1.3.6.1.5.5.7.3.1"] }, { names: [] });
  const { stdout } = await commandLine(["pki", "inspect", file(dir, "talosconfig", talosconfig(legacy, os))]);
  const lines = stdout.split("\n");
  expect(lines).toHaveLength(5);
  expect(lines[0]).toMatch(/^WHERE +WHAT +SUBJECT +ISSUER +KEY +VALID UNTIL/);
  expect(lines[2]).toContain("contexts.demo.crt");
  expect(lines[2]).toContain("client-auth usage");
});

test.each([
  { name: "no file", text: undefined, want: "TB1002" },
  { name: "a file without certificates", text: "hello", want: "TB1007" },
  { name: "a file that SOPS has encrypted", text: "a: ENC[AES256_GCM,data:x,type:str]\n", want: "TB1007" },
  { name: "a file that is no YAML", text: "a: [", want: "TB1007" },
])("$name is told, and the others go on", async ({ text, want }) => {
  const dir = scratchDir();
  const odd = text === undefined ? join(dir, "nosuch") : file(dir, "odd", text);
  const good = file(dir, "good.crt", node.crt);
  const { exit, stdout, stderr } = await commandLine(["pki", "inspect", odd, good, "-o", "json"]);
  expect(exit).toBe(1);
  expect(stderr).toContain(want);
  expect(stdout).toContain("good.crt");
});

test("a block that can't be read is told with its reason, beside those that can", async () => {
  const text = `${node.crt}-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n`;
  const { exit, items: told } = await items([file(scratchDir(), "two.pem", text)]);
  expect(told.map(({ kind }) => kind)).toEqual(["certificate", "unreadable"]);
  expect(exit).toBe(1);
});

test.each([["tls://nowhere"], ["tls://10.0.0.1:0"], []])("usage: %s exits 1", async (...argv) => {
  const { exit, stdout, stderr } = await commandLine(["pki", "inspect", ...argv]);
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
  expect(stderr).toContain("TB1001");
});

test("a server that does not answer is a matter of the other side", async () => {
  const { exit, stderr } = await commandLine(["pki", "inspect", "127.0.0.1:9"]);
  expect(exit).toBe(2);
  expect(stderr).toContain("TB2001");
});

test("a file that is there stands before an address of the same form", async () => {
  const dir = scratchDir();
  file(dir, "localhost:1", node.crt);
  const before = process.cwd();
  process.chdir(dir);
  onTestFinished(() => process.chdir(before));
  expect((await items(["localhost:1"])).items).toHaveLength(1);
});

test("Prometheus text, to standard output and to a file that a collector may read at any time", async () => {
  const dir = scratchDir();
  const config = file(dir, 'talos"config', talosconfig(admin, os));
  const { exit, stdout } = await commandLine(["pki", "inspect", "--prometheus", config]);
  expect(exit).toBe(0);
  const end =
    /^x509_cert_not_after\{target="[^\n]*talos\\"config",path="contexts\.demo\.crt",index="1",subject="O=os:admin",issuer="O=talos",serial_number="[0-9a-f]{32}",ca="false"\} (?<end>\d+)$/m.exec(
      stdout.replaceAll(String.raw`\\`, "\\"),
    );
  expect(Number(end?.groups?.["end"])).toBe(Date.parse("2027-06-01T12:00:00Z") / 1000);
  expect(stdout).toMatch(/^x509_read_errors 0$/m);
  for (const line of stdout.trimEnd().split("\n")) {
    expect(line).toMatch(/^(?:# (?:HELP|TYPE) x509_\w+ .+|x509_\w+(?:\{.*\})? -?\d+)$/);
  }

  const prom = join(dir, "talos.prom");
  for (const targets of [[config], [join(dir, "nosuch"), join(dir, "neither"), "127.0.0.1:9"]]) {
    await commandLine(["pki", "inspect", "--prometheus", "--out", prom, ...targets]);
  }
  expect(readFileSync(prom, "utf8")).toMatch(/^x509_read_errors 3$/m);
  expect(statSync(prom).mode & 0o777).toBe(0o644);
});

test("PEM behind a byte order mark is read as PEM, by verify too", async () => {
  const dir = scratchDir();
  const leaf = file(dir, "leaf.pem", `\ufeff${node.crt}`);
  expect((await items([leaf])).items.map(({ kind }) => kind)).toEqual(["certificate"]);
  const ca = file(dir, "ca.pem", `\ufeff${os.crt}`);
  expect((await commandLine(["pki", "verify", leaf, "--ca", ca])).exit).toBe(0);
});

test("Prometheus text can't move a terminal's cursor, or begin a line with what a name holds", async () => {
  const target = file(scratchDir(), "a\u001b[2J\nx509_read_errors 9", os.crt);
  const { stdout } = await commandLine(["pki", "inspect", "--prometheus", target]);
  expect(stdout).toContain(String.raw`a\\u001b[2J\\u000ax509_read_errors 9",`);
  expect(stdout.match(/^x509_read_errors /gm)).toHaveLength(1);
});
