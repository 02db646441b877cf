import { Code } from "@connectrpc/connect";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { certificateOf, refusalOf, requestFor, WORKER_NAMES } from "./support/request.ts";
import { environmentOf, runOnce, startSigner } from "./support/signer.ts";

const MANY_NAMES = await requestFor({ dnsNames: Array.from({ length: 257 }, (_, i) => `n${i}`) });
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

test("row 1: a CSR with O=os:admin gets a certificate without Organization, and the log tells", async () => {
  const signer = await startSigner();
  const csr = await requestFor(WORKER_NAMES, "os:admin");
  const { leaf } = await certificateOf(signer.connect().security, csr, signer.cluster.token);
  expect(leaf.subject).toBe("CN=worker-1");
  expect(leaf.keyUsage).toEqual(["digitalSignature"]);
  expect(leaf.extendedKeyUsage).toEqual([SERVER_AUTH]);
  expect(leaf.isCa).toBe(false);
  expect(signer.lines()).toContainEqual(
    expect.objectContaining({ msg: "signed", dropped: ["organization"] }),
  );
});

test("row 3: the signer's own names and addresses are left out and the rest is signed", async () => {
  const signer = await startSigner();
  const csr = await requestFor({
    commonName: "API.cluster.test",
    dnsNames: ["worker-1", "api.cluster.test", "localhost"],
    ipAddresses: ["192.0.2.1", "10.5.0.4", "127.0.0.1", "::1", "::ffff:192.0.2.1"],
  });
  const { leaf } = await certificateOf(signer.connect().security, csr, signer.cluster.token);
  expect(leaf.commonName).toBe("");
  expect(leaf.dnsNames).toEqual(["worker-1", "localhost"]);
  expect(leaf.ipAddresses).toEqual(["10.5.0.4", "127.0.0.1", "::1"]);
  const line = signer.lines().find(({ msg }) => msg === "signed");
  expect(line?.["leftOut"]).toHaveLength(4);
});

describe("row 3: options narrow what a token holder may ask for", () => {
  const rows: {
    name: string;
    env: Record<string, string>;
    names: Parameters<typeof requestFor>[0];
    code: Code | "signed";
  }[] = [
    {
      name: "denied name",
      env: { DENIED_SANS: "vip.test" },
      names: { dnsNames: ["VIP.test"] },
      code: Code.PermissionDenied,
    },
    {
      name: "denied name as CN",
      env: { DENIED_SANS: "vip.test" },
      names: { commonName: "vip.test" },
      code: Code.PermissionDenied,
    },
    {
      name: "denied suffix",
      env: { DENIED_SANS: ".corp.test" },
      names: { dnsNames: ["a.corp.test"] },
      code: Code.PermissionDenied,
    },
    {
      name: "denied network",
      env: { DENIED_SANS: "10.9.0.0/16" },
      names: { ipAddresses: ["10.9.1.2"] },
      code: Code.PermissionDenied,
    },
    {
      name: "wildcard over a denied name",
      env: { DENIED_SANS: "vip.test", ALLOW_WILDCARD_SANS: "true" },
      names: { dnsNames: ["*.test"] },
      code: Code.PermissionDenied,
    },
    {
      name: "address outside the allowed",
      env: { ALLOWED_SAN_CIDRS: "10.5.0.0/24" },
      names: { ipAddresses: ["10.6.0.1"] },
      code: Code.PermissionDenied,
    },
    {
      name: "address inside the allowed, and loopback",
      env: { ALLOWED_SAN_CIDRS: "10.5.0.0/24" },
      names: WORKER_NAMES,
      code: "signed",
    },
    {
      name: "name outside the allowed",
      env: { ALLOWED_SAN_SUFFIXES: "corp.test" },
      names: { dnsNames: ["a.evil.test"] },
      code: Code.PermissionDenied,
    },
    {
      name: "name that only ends alike",
      env: { ALLOWED_SAN_SUFFIXES: "corp.test" },
      names: { dnsNames: ["evilcorp.test"] },
      code: Code.PermissionDenied,
    },
    {
      name: "single label and localhost",
      env: { ALLOWED_SAN_SUFFIXES: "corp.test" },
      names: { dnsNames: ["worker-1", "localhost"] },
      code: "signed",
    },
    {
      name: "own address as peer",
      env: { REQUIRE_PEER_IP_SAN: "true" },
      names: WORKER_NAMES,
      code: "signed",
    },
    {
      name: "peer address missing",
      env: { REQUIRE_PEER_IP_SAN: "true" },
      names: { ipAddresses: ["10.5.0.4"] },
      code: Code.PermissionDenied,
    },
  ];
  test.each(rows)("row 3: $name", async ({ env, names, code }) => {
    const signer = await startSigner({ env: () => env });
    const call = signer
      .connect()
      .security.certificate({ csr: await requestFor(names) }, { headers: { token: signer.cluster.token } });
    const outcome = await call.then(
      () => "signed" as const,
      (error: unknown) => refusalOf(Promise.reject(error)),
    );
    expect(outcome === "signed" ? outcome : outcome.code).toBe(code);
  });
});

test("row 4: wildcards are left out, and issued where they are allowed", async () => {
  const csr = await requestFor({ dnsNames: ["*.corp.test", "worker-1"] });
  const strict = await startSigner();
  const left = await certificateOf(strict.connect().security, csr, strict.cluster.token);
  expect(left.leaf.dnsNames).toEqual(["worker-1"]);
  const lax = await startSigner({ env: () => ({ ALLOW_WILDCARD_SANS: "true" }) });
  const kept = await certificateOf(lax.connect().security, csr, lax.cluster.token);
  expect(kept.leaf.dnsNames).toEqual(["*.corp.test", "worker-1"]);
});

describe("row 5: oversized requests are refused as InvalidArgument before they are parsed", () => {
  const rows = [
    {
      name: "over 32 KiB",
      csr: new TextEncoder().encode(`-----BEGIN CERTIFICATE REQUEST-----\n${"A".repeat(33_000)}\n`),
      code: "ERR_PKI_TOO_LARGE",
    },
    {
      name: "257 names",
      csr: MANY_NAMES,
      code: "ERR_PKI_TOO_MANY_NAMES",
    },
  ];
  test.each(rows)("row 5: $name", async ({ csr, code }) => {
    const signer = await startSigner();
    const { security } = signer.connect();
    const refusal = await refusalOf(
      security.certificate({ csr }, { headers: { token: signer.cluster.token } }),
    );
    expect(refusal.code).toBe(Code.InvalidArgument);
    expect(refusal.rawMessage).toBe(`certificate request refused: ${code}`);
    await certificateOf(security, await requestFor(WORKER_NAMES), signer.cluster.token);
  });
});

test("row 6: 24 hours, back-dated at most 60 seconds", async () => {
  const signer = await startSigner({ madeAt: new Date(Date.now() - 3_600_000) });
  const before = Date.now();
  const { leaf } = await certificateOf(
    signer.connect().security,
    await requestFor(WORKER_NAMES),
    signer.cluster.token,
  );
  expect(before - leaf.notBefore.getTime()).toBeGreaterThanOrEqual(59_000);
  expect(before - leaf.notBefore.getTime()).toBeLessThanOrEqual(61_000);
  expect(leaf.notAfter.getTime() - before).toBeLessThanOrEqual(86_400_000 + 1_000);
  expect(leaf.notAfter.getTime() - before).toBeGreaterThan(86_400_000 - 5_000);
});

test("row 6: a CA that is expired or not yet valid refuses with FailedPrecondition and is not ready, and recovers", async () => {
  let now = new Date();
  const signer = await startSigner({ now: () => now });
  const { security, health } = signer.connect();
  const csr = await requestFor(WORKER_NAMES);
  const ready = async (): Promise<number> =>
    (await fetch(`http://127.0.0.1:${signer.adminPort}/readyz`)).status;
  expect(await ready()).toBe(200);
  for (const years of [11, -11]) {
    now = new Date(Date.now() + years * 365 * 86_400_000);
    const refusal = await refusalOf(
      security.certificate({ csr }, { headers: { token: signer.cluster.token } }),
    );
    expect(refusal.code).toBe(Code.FailedPrecondition);
    expect(await ready()).toBe(503);
    expect((await health.check({})).status).toBe(2);
  }
  now = new Date();
  await certificateOf(security, csr, signer.cluster.token);
  expect(await ready()).toBe(200);
});

test("row 7: `ca` holds re-encoded certificates alone, and a CA file with a key in it keeps the signer from starting", async () => {
  const signer = await startSigner();
  const { ca } = await certificateOf(
    signer.connect().security,
    await requestFor(WORKER_NAMES),
    signer.cluster.token,
  );
  expect(ca).toBe(signer.cluster.caPem);

  const combined = join(signer.dir, "combined.pem");
  writeFileSync(combined, `${signer.cluster.caPem}${readFileSync(signer.cluster.caKey, "utf8")}`, {
    mode: 0o600,
  });
  const refused = await runOnce({ env: { ...environmentOf(signer.cluster), CA_CERT_PATH: combined } });
  expect(refused.code).toBe(1);
  expect(refused.lines).toContainEqual(
    expect.objectContaining({
      setting: "CA_CERT_PATH",
      file: combined,
      fault: expect.stringContaining("private key"),
    }),
  );
});
