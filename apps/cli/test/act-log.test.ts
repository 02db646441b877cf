import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { file, makeAuthority } from "./support/authorities.ts";
import { makeBundle } from "./support/bundle.ts";
import { commandLine, NOW, scratchDir } from "./support/command-line.ts";

const bundle = await makeBundle(NOW);
const os = await makeAuthority();

const spki = createPublicKey(
  createPrivateKey(Buffer.from(os.privateKey.key.export({ type: "pkcs8", format: "pem" }))),
);
const FINGERPRINT = createHash("sha256")
  .update(spki.export({ type: "spki", format: "der" }))
  .digest("hex");

test.each([
  { name: "pki convert-key", argv: ["pki", "convert-key", "KEY", "--to", "pkcs8"], want: ["convert-key"] },
  {
    name: "secrets extract of a key",
    argv: ["secrets", "extract", "certs.os.key", "--secrets", "BUNDLE"],
    want: ["extract-key"],
  },
  {
    name: "secrets extract of a certificate",
    argv: ["secrets", "extract", "certs.os.crt", "--secrets", "BUNDLE"],
    want: [],
  },
  {
    name: "secrets show --reveal",
    argv: ["secrets", "show", "--reveal", "--secrets", "BUNDLE"],
    want: ["reveal-secrets"],
  },
  { name: "secrets show", argv: ["secrets", "show", "--secrets", "BUNDLE"], want: [] },
  {
    name: "init",
    argv: ["init", "FOLDER", "--target", "kamaji", "--endpoint", "10.0.0.1"],
    want: ["create-authority", "write-ca-key", "issue-client-certificate"],
  },
])(
  "$name: its acts with a CA's key are written down, and not done where they can't be",
  async ({ argv, want }) => {
    const dir = scratchDir();
    const log = join(dir, "audit.log");
    const places: Readonly<Record<string, string>> = {
      KEY: file(dir, "ca.key", os.key),
      BUNDLE: file(dir, "secrets.yaml", bundle),
      FOLDER: join(dir, "demo"),
    };
    const placed = argv.map((each) => places[each] ?? each);
    const done = await commandLine(placed, { env: { TALOS_BRIDGE_AUDIT_LOG: log } });
    expect(done.exit).toBe(0);
    const lines = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
    expect(lines.map((line) => /"act":"(?<act>[^"]+)"/.exec(line)?.groups?.["act"])).toEqual(want);
    expect(lines.join()).not.toContain("PRIVATE KEY");
    if (want.length === 0) return;
    const kept = await commandLine([...placed, ...(argv[0] === "init" ? ["--force"] : [])], {
      env: { TALOS_BRIDGE_AUDIT_LOG: "/dev/null/audit.log" },
    });
    expect({ exit: kept.exit, stdout: kept.stdout }).toEqual({ exit: 1, stdout: "" });
    expect(kept.stderr).toContain("TB1005");
  },
);

test("a key that nobody says the owner of is told by its public key", async () => {
  const dir = scratchDir();
  const log = join(dir, "audit.log");
  const argv = [
    "pki",
    "convert-key",
    file(dir, "ca.key", os.key),
    "--to",
    "pkcs8",
    "--out",
    join(dir, "tls.key"),
  ];
  await commandLine(argv, { env: { TALOS_BRIDGE_AUDIT_LOG: log } });
  expect(JSON.parse(readFileSync(log, "utf8"))).toEqual({
    time: NOW.toISOString(),
    act: "convert-key",
    publicKey: FINGERPRINT,
    to: "pkcs8",
    out: join(dir, "tls.key"),
  });
  expect(statSync(log).mode & 0o777).toBe(0o600);
});

test("a relative XDG_STATE_HOME is none", async () => {
  const dir = scratchDir();
  const env = { TALOS_BRIDGE_AUDIT_LOG: "", XDG_STATE_HOME: "state", HOME: dir };
  const argv = ["pki", "convert-key", file(dir, "ca.key", os.key), "--to", "pkcs8"];
  expect((await commandLine(argv, { env })).exit).toBe(0);
  expect(existsSync(join(dir, ".local", "state", "talos-bridge", "audit.log"))).toBe(true);
});
