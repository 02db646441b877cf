import {
  createCertificateAuthority,
  createCertificateRequest,
  generateKey,
  issueCertificate,
  loadCertificateAuthority,
  PROFILES,
} from "@talos-bridge/pki";
import { makeThrowAwayCluster, type ThrowAwayCluster } from "@talos-bridge/testing";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { certificateOf, WORKER_NAMES } from "./support/request.ts";
import { environmentOf, runOnce, scratchDir, startSigner } from "./support/signer.ts";

const DAY_MS = 86_400_000;

interface Case {
  readonly name: string;
  readonly prepare: (
    cluster: ThrowAwayCluster,
    dir: string,
  ) => Promise<Record<string, string | undefined>> | Record<string, string | undefined>;
  readonly want: readonly { readonly setting: string; readonly fault: RegExp }[];
}

function file(dir: string, name: string, content: string): string {
  const path = join(dir, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

const CASES: readonly Case[] = [
  {
    name: "key of another CA",
    prepare: async (_, dir) => ({
      CA_KEY_PATH: file(dir, "other.key", (await createCertificateAuthority({ now: new Date() })).keyPem),
    }),
    want: [{ setting: "CA_KEY_PATH", fault: /does not belong/ }],
  },
  {
    name: "a leaf instead of a CA",
    async prepare(cluster, dir) {
      const ca = loadCertificateAuthority({ certificates: cluster.caPem, key: readFileSync(cluster.caKey) });
      if (!ca.ok) throw new Error("the cluster's CA does not load");
      const key = await generateKey("ed25519");
      const leaf = await issueCertificate(ca.issuing, {
        profile: PROFILES.talosNode,
        names: WORKER_NAMES,
        spki: key.publicKey.spki,
        now: new Date(),
        lifetimeMs: DAY_MS,
      });
      return {
        CA_CERT_PATH: file(dir, "leaf.crt", leaf.pem),
        CA_KEY_PATH: file(dir, "leaf.key", key.key.export({ type: "pkcs8", format: "pem" }).toString()),
      };
    },
    want: [{ setting: "CA_CERT_PATH", fault: /is not a CA/ }],
  },
  {
    name: "expired CA",
    async prepare(_, dir) {
      const old = await makeThrowAwayCluster(dir, new Date(Date.now() - 3651 * DAY_MS));
      return { CA_CERT_PATH: old.caCertificate, CA_KEY_PATH: old.caKey };
    },
    want: [{ setting: "CA_CERT_PATH", fault: /the CA is expired/ }],
  },
  {
    name: "CA that is not valid yet",
    async prepare(_, dir) {
      const coming = await makeThrowAwayCluster(dir, new Date(Date.now() + DAY_MS));
      return { CA_CERT_PATH: coming.caCertificate, CA_KEY_PATH: coming.caKey };
    },
    want: [{ setting: "CA_CERT_PATH", fault: /the CA is not yet valid/ }],
  },
  {
    name: "SOPS-encrypted key",
    prepare: (_, dir) => ({
      CA_KEY_PATH: file(dir, "sops.key", "ENC[AES256_GCM,data:c2VjcmV0,iv:x,tag:y,type:str]"),
    }),
    want: [{ setting: "CA_KEY_PATH", fault: /SOPS/ }],
  },
  {
    name: "redacted certificate and key",
    prepare: (_, dir) => ({
      CA_CERT_PATH: file(dir, "r.crt", "[REDACTED]"),
      CA_KEY_PATH: file(dir, "r.key", "******"),
    }),
    want: [
      { setting: "CA_CERT_PATH", fault: /redacted/ },
      { setting: "CA_KEY_PATH", fault: /redacted/ },
    ],
  },
  {
    name: "encrypted key",
    async prepare(_, dir) {
      const { key } = await generateKey("ed25519");
      const pem = key
        .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
        .toString();
      return { CA_KEY_PATH: file(dir, "encrypted.key", pem) };
    },
    want: [{ setting: "CA_KEY_PATH", fault: /encrypted/ }],
  },
  {
    name: "accepted CAs that are no CAs, and a token file without a token: all faults at once",
    prepare: (_, dir) => ({
      ACCEPTED_CAS_PATH: file(dir, "accepted.crt", "nothing"),
      TALOS_TOKEN_FILE: file(dir, "empty", "# none yet\n\n"),
      CA_KEY_PATH: join(dir, "absent.key"),
    }),
    want: [
      { setting: "ACCEPTED_CAS_PATH", fault: /no PEM/ },
      { setting: "TALOS_TOKEN_FILE", fault: /no token/ },
      { setting: "CA_KEY_PATH", fault: /can't be read/ },
    ],
  },
  {
    name: "serving path that was set and is not there",
    prepare: (_, dir) => ({ TLS_CERT_PATH: join(dir, "absent.crt"), TLS_KEY_PATH: join(dir, "absent.key") }),
    want: [
      { setting: "TLS_CERT_PATH", fault: /not there/ },
      { setting: "TLS_KEY_PATH", fault: /not there/ },
    ],
  },
  {
    name: "serving certificate of another cluster's CA",
    async prepare(_, dir) {
      const { certificatePem, keyPem } = await createCertificateAuthority({ now: new Date() });
      const other = loadCertificateAuthority({ certificates: certificatePem, key: keyPem });
      if (!other.ok) throw new Error("the other CA does not load");
      const key = await generateKey("ecdsa-p256");
      const leaf = await issueCertificate(other.issuing, {
        profile: PROFILES.talosNode,
        names: WORKER_NAMES,
        spki: key.publicKey.spki,
        now: new Date(),
        lifetimeMs: DAY_MS,
      });
      return {
        TLS_CERT_PATH: file(dir, "tls.crt", leaf.pem),
        TLS_KEY_PATH: file(dir, "tls.key", key.key.export({ type: "pkcs8", format: "pem" }).toString()),
      };
    },
    want: [{ setting: "TLS_CERT_PATH", fault: /can't be used: same name, other key/ }],
  },
  {
    name: "13 hours are the least",
    prepare: () => ({ CERT_TTL: "12h" }),
    want: [{ setting: "CERT_TTL", fault: /13h/ }],
  },
  ...["REDACTED", "******", "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]"].map((token) => ({
    name: `a token that is a placeholder: ${token.slice(0, 8)}`,
    prepare: () => ({ TALOS_TOKEN: token }),
    want: [{ setting: "TALOS_TOKEN", fault: /redacted or encrypted/ }],
  })),
  ...["10.0.0.0/8", ".example.org", "010.0.0.1", "10.0.0", "0.0.0.0", "a b"].map((entry) => ({
    name: `SERVER_IPS that no certificate can carry: ${entry}`,
    prepare: () => ({ SERVER_IPS: `127.0.0.1,${entry}` }),
    want: [{ setting: "SERVER_IPS", fault: /no name or address/ }],
  })),
  {
    name: "several settings at fault at once",
    prepare: () => ({ PORT: "x", LOG_LEVEL: "loud" }),
    want: [
      { setting: "PORT", fault: /./ },
      { setting: "LOG_LEVEL", fault: /./ },
    ],
  },
  {
    name: "lists that do not compile",
    prepare: () => ({ ALLOWED_SAN_CIDRS: "10.0.0.0/33" }),
    want: [{ setting: "ALLOWED_SAN_CIDRS", fault: /10\.0\.0\.0\/33/ }],
  },
];

describe("row 41: every fault of the configuration is named with its setting and file, all at once, exit code 1", () => {
  test.each(CASES)("row 41: $name", async ({ prepare, want }) => {
    const dir = scratchDir();
    const cluster = await makeThrowAwayCluster(dir, new Date());
    const other = scratchDir();
    const { code, lines, output } = await runOnce({
      env: { ...environmentOf(cluster), ...(await prepare(cluster, other)) },
    });
    expect(code).toBe(1);
    const faults = lines.filter(({ msg }) => msg === "configuration fault");
    for (const { setting, fault } of want) {
      expect(faults).toContainEqual(
        expect.objectContaining({ setting, fault: expect.stringMatching(fault) }),
      );
    }
    expect(faults).toHaveLength(want.length);
    expect(output).not.toContain(readFileSync(cluster.caKey, "utf8").split("\n")[1]);
  });
});

describe("row 40: modes of key and token files", () => {
  const rows = [
    { name: "0600 is fine", mode: 0o600, strict: false, starts: true, warns: false },
    {
      name: "0644 warns, as Kubernetes mounts Secrets",
      mode: 0o644,
      strict: false,
      starts: true,
      warns: true,
    },
    { name: "0660 warns", mode: 0o660, strict: false, starts: true, warns: true },
    {
      name: "0666 on a writable file system is refused",
      mode: 0o666,
      strict: false,
      starts: false,
      warns: false,
    },
    {
      name: "0644 is refused where modes are strict",
      mode: 0o644,
      strict: true,
      starts: false,
      warns: false,
    },
  ];
  test.each(rows)("row 40: $name", async ({ mode, strict, starts, warns }) => {
    const dir = scratchDir();
    const cluster = await makeThrowAwayCluster(dir, new Date());
    chmodSync(cluster.caKey, mode);
    const { code, lines } = await runOnce({
      env: { ...environmentOf(cluster), STRICT_FILE_MODES: String(strict) },
    });
    expect(code).toBe(starts ? 0 : 1);
    const about = lines.filter(
      ({ file: path, level }) => path === cluster.caKey && level === (starts ? "warn" : "error"),
    );
    expect(about).toHaveLength(warns || !starts ? 1 : 0);
  });
});

test("SERVER_IPS with brackets, a trailing dot or capitals are served in their one spelling", async () => {
  const signer = await startSigner({
    env: () => ({ SERVER_IPS: "127.0.0.1,[2001:DB8::1],API.cluster.test." }),
  });
  const socket = connect({
    port: signer.port,
    host: "127.0.0.1",
    ca: signer.cluster.caPem,
    ALPNProtocols: ["h2"],
  });
  onTestFinished(() => void socket.destroy());
  await once(socket, "secureConnect");
  const names = socket.getPeerCertificate().subjectaltname ?? "";
  expect(names).toContain("DNS:api.cluster.test,");
  expect(names).toContain("IP Address:2001:DB8:0:0:0:0:0:1");
});

test("--help and --version answer before any configuration", async () => {
  const help = await runOnce({ argv: ["--help"], env: { PORT: "x" } });
  expect(help.code).toBe(0);
  expect(help.output).toContain("--ca-cert-path");
  const version = await runOnce({ argv: ["--version"] });
  expect(version.code).toBe(0);
  expect(version.output).toMatch(/^csr-signer \d/);
});

test("flags of the Go signers work, with one or two dashes; a token as a flag warns without showing it", async () => {
  const dir = scratchDir();
  const cluster = await makeThrowAwayCluster(dir, new Date());
  const { code, lines, output } = await runOnce({
    argv: [
      "-port",
      "0",
      "--ca-cert-path",
      cluster.caCertificate,
      `-ca-key-path=${cluster.caKey}`,
      "--talos-token",
      cluster.token,
      "--admin-addr=127.0.0.1:0",
      "--bind-address=127.0.0.1",
    ],
  });
  expect(code).toBe(0);
  expect(lines).toContainEqual(
    expect.objectContaining({ level: "warn", msg: expect.stringContaining("--talos-token") }),
  );
  expect(output).not.toContain(cluster.token);
});

test("a taken admin port is a fault where it was asked for", async () => {
  const blocker = createServer();
  await new Promise<void>((resolve) => void blocker.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void blocker.close());
  const address = blocker.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const cluster = await makeThrowAwayCluster(scratchDir(), new Date());
  const refused = await runOnce({ env: { ...environmentOf(cluster), ADMIN_ADDR: `127.0.0.1:${port}` } });
  expect(refused.code).toBe(1);
  expect(refused.lines).toContainEqual(
    expect.objectContaining({ setting: "ADMIN_ADDR", fault: expect.stringContaining("EADDRINUSE") }),
  );
});

test("a request may come from a node of another key type than the CA", async () => {
  const signer = await startSigner();
  const csr = await createCertificateRequest({
    names: WORKER_NAMES,
    privateKey: await generateKey("ecdsa-p256"),
  });
  const { leaf } = await certificateOf(
    signer.connect().security,
    new TextEncoder().encode(csr),
    signer.cluster.token,
  );
  expect(leaf.publicKey.type).toBe("ecdsa-p256");
});
