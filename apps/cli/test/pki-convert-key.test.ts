import { encodePrivateKey, generateKey, readPrivateKey, type PrivateKey } from "@talos-bridge/pki";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { base64, file } from "./support/authorities.ts";
import { commandLine, scratchDir } from "./support/command-line.ts";

const ed25519 = await generateKey("ed25519");
const ecdsa = await generateKey("ecdsa-p256");

test.each([
  { name: "Talos's label to PKCS#8", key: ed25519, from: "talos", to: "pkcs8", label: "PRIVATE KEY" },
  { name: "PKCS#8 to Talos's label", key: ed25519, from: "pkcs8", to: "talos", label: "ED25519 PRIVATE KEY" },
  { name: "ECDSA to what Talos writes", key: ecdsa, from: "pkcs8", to: "talos", label: "EC PRIVATE KEY" },
  { name: "SEC 1 to PKCS#8", key: ecdsa, from: "sec1", to: "pkcs8", label: "PRIVATE KEY" },
] as const)("$name: the same key under $label", async ({ key, from, to, label }) => {
  const pem = encodePrivateKey(key, from);
  for (const stdin of [pem, base64(pem)]) {
    const { exit, stdout, stderr } = await commandLine(["pki", "convert-key", "-", "--to", to], { stdin });
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(stdout.startsWith(`-----BEGIN ${label}-----\n`)).toBe(true);
    expect(same(readPrivateKey(stdout), key)).toBe(true);
  }
});

test("a file has mode 0600, and is not replaced unasked", async () => {
  const dir = scratchDir();
  const source = file(dir, "ca.key", encodePrivateKey(ed25519, "talos"));
  const target = join(dir, "tls.key");
  const argv = ["pki", "convert-key", source, "--to", "pkcs8", "--out", target];
  expect((await commandLine(argv)).exit).toBe(0);
  expect(statSync(target).mode & 0o777).toBe(0o600);
  expect(readFileSync(target, "utf8")).toContain("-----BEGIN PRIVATE KEY-----");
  expect((await commandLine(argv)).stderr).toContain("TB1003");
  expect((await commandLine([...argv, "--force"])).exit).toBe(0);
});

test.each([
  { name: "an Ed25519 key as PKCS#1", stdin: encodePrivateKey(ed25519, "pkcs8"), to: "pkcs1" },
  { name: "an ECDSA key as PKCS#1", stdin: encodePrivateKey(ecdsa, "pkcs8"), to: "pkcs1" },
  { name: "something else", stdin: "hello", to: "pkcs8" },
])("refuses $name, and shows nothing of it", async ({ stdin, to }) => {
  const { exit, stdout, stderr } = await commandLine(["pki", "convert-key", "-", "--to", to], { stdin });
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
  expect(stderr).toContain("TB1007");
  expect(stderr).not.toContain(stdin.split("\n")[1] ?? "hello");
});

function same(a: PrivateKey, b: PrivateKey): boolean {
  return a.key.equals(b.key);
}
