import {
  createCertificateAuthority,
  generateKey,
  issueCertificate,
  loadCertificateAuthority,
  PROFILES,
} from "@talos-bridge/pki";
import type { ThrowAwayCluster } from "@talos-bridge/testing";
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { certificateOf, refusalOf, requestFor, WORKER_NAMES } from "./support/request.ts";
import { startSigner } from "./support/signer.ts";
import { Code } from "@connectrpc/connect";

/** Replaces a folder's files in one step, as the kubelet does for a mounted Secret: a link named ..data is renamed. */
function writeVolume(volume: string, generation: string, files: Record<string, string>): void {
  mkdirSync(join(volume, generation), { recursive: true });
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(volume, generation, name), content, { mode: 0o600 });
  symlinkSync(generation, join(volume, "..data_tmp"));
  renameSync(join(volume, "..data_tmp"), join(volume, "..data"));
}

test("row 42: a symlink swap of CA and token takes effect on open connections, and serves a chain workers can verify", async () => {
  const first = await createCertificateAuthority({ now: new Date() });
  const second = await createCertificateAuthority({ keyType: "ecdsa-p256", now: new Date() });
  const signer = await startSigner({
    env(_, dir) {
      const volume = join(dir, "volume");
      writeVolume(volume, "..1", {
        "tls.crt": first.certificatePem,
        "tls.key": first.keyPem,
        token: "first1.0123456789abcdef",
      });
      for (const name of ["tls.crt", "tls.key", "token"]) symlinkSync(`..data/${name}`, join(volume, name));
      return {
        CA_CERT_PATH: join(volume, "tls.crt"),
        CA_KEY_PATH: join(volume, "tls.key"),
        TALOS_TOKEN_FILE: join(volume, "token"),
      };
    },
  });
  const csr = await requestFor(WORKER_NAMES);
  const kept = signer.connect(first.certificatePem);
  expect((await certificateOf(kept.security, csr, "first1.0123456789abcdef")).ca).toBe(first.certificatePem);

  writeVolume(join(signer.dir, "volume"), "..2", {
    "tls.crt": `${second.certificatePem}${first.certificatePem}`,
    "tls.key": second.keyPem,
    token: "second.0123456789abcdef",
  });
  await vi.waitFor(
    () => expect(signer.lines()).toContainEqual(expect.objectContaining({ msg: "reloaded" })),
    10_000,
  );

  const after = await certificateOf(kept.security, csr, "second.0123456789abcdef");
  expect(after.ca).toBe(`${first.certificatePem}${second.certificatePem}`);
  expect(
    (await refusalOf(kept.security.certificate({ csr }, { headers: { token: "first1.0123456789abcdef" } })))
      .code,
  ).toBe(Code.Unauthenticated);
  const fresh = signer.connect(second.certificatePem);
  expect((await certificateOf(fresh.security, csr, "second.0123456789abcdef")).leaf.commonName).toBe(
    "worker-1",
  );
});

test("row 42: damaged files change nothing, are told as an error and counted", async () => {
  const signer = await startSigner();
  const { security } = signer.connect();
  writeFileSync(signer.cluster.caCertificate, "-----BEGIN CERTIFICATE-----\nhalf");
  writeFileSync(signer.cluster.tokenFile, "");
  await vi.waitFor(
    () =>
      expect(
        signer.lines().filter(({ level, group }) => level === "error" && group !== undefined).length,
      ).toBeGreaterThanOrEqual(2),
    10_000,
  );
  await certificateOf(security, await requestFor(WORKER_NAMES), signer.cluster.token);
  const metrics = await (await fetch(`http://127.0.0.1:${signer.adminPort}/metrics`)).text();
  expect(metrics).toMatch(/talos_csr_signer_reloads_total\{source="trust",success="false"\} [1-9]/);
  expect(metrics).toMatch(/talos_csr_signer_reloads_total\{source="tokens",success="false"\} [1-9]/);
});

test("row 42: a serving certificate with a name that is none is served, and its other names are kept from workers", async () => {
  const signer = await startSigner({
    env: (_, dir) => ({ TLS_CERT_PATH: join(dir, "tls.crt"), TLS_KEY_PATH: join(dir, "tls.key") }),
    prepare: writeServing(["old.cluster.test"]),
  });
  await writeServing(["cp.cluster.test:50001", "new.cluster.test"])(signer.cluster, signer.dir);
  await vi.waitFor(
    () => expect(signer.lines()).toContainEqual(expect.objectContaining({ msg: "reloaded" })),
    10_000,
  );
  const csr = await requestFor({ dnsNames: ["worker-1", "new.cluster.test", "old.cluster.test"] });
  const { leaf } = await certificateOf(signer.connect().security, csr, signer.cluster.token);
  expect(leaf.dnsNames).toEqual(["worker-1", "old.cluster.test"]);
});

/** Writes a serving pair for these names, and for 127.0.0.1, of the cluster's CA. */
function writeServing(names: readonly string[]) {
  return async (cluster: ThrowAwayCluster, dir: string): Promise<void> => {
    const ca = loadCertificateAuthority({ certificates: cluster.caPem, key: readFileSync(cluster.caKey) });
    if (!ca.ok) throw new Error("the CA does not load");
    const { publicKey, key } = await generateKey("ecdsa-p256");
    const leaf = await issueCertificate(ca.issuing, {
      profile: PROFILES.talosNode,
      names: { commonName: "", dnsNames: names, ipAddresses: ["127.0.0.1"] },
      spki: publicKey.spki,
      now: new Date(),
      lifetimeMs: 86_400_000,
    });
    writeFileSync(join(dir, "tls.key"), key.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    writeFileSync(join(dir, "tls.crt"), leaf.pem);
  };
}
