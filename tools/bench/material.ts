import { create, toBinary } from "@bufbuild/protobuf";
import { CertificateRequestSchema } from "@talos-bridge/api";
import {
  createCertificateRequest,
  generateKey,
  issueCertificate,
  loadCertificateAuthority,
  PROFILES,
} from "@talos-bridge/pki";
import { makeThrowAwayCluster, type ThrowAwayCluster } from "@talos-bridge/testing";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The files a signer starts with, and what workers send to it. All keys are Ed25519, as Talos makes them. */
export interface Material {
  readonly cluster: ThrowAwayCluster;
  readonly serving: { readonly certificate: string; readonly key: string };
  readonly requests: readonly WorkerRequest[];
}

export interface WorkerRequest {
  /** The request as it goes over the wire: gRPC's prefix and the message. */
  readonly frame: Uint8Array;
  readonly csr: string;
  /** The key's 32 bytes, which the certificate must hold. */
  readonly publicKey: Buffer;
}

const DAY_MS = 86_400_000;
const RAW_KEY_BYTES = 32;

/** Makes a throw-away PKI in `dir`, with a serving pair for 127.0.0.1 and the requests of `workers` workers. */
export async function makeMaterial(dir: string, now: Date, workers: number): Promise<Material> {
  const cluster = await makeThrowAwayCluster(dir, now);
  const requests: WorkerRequest[] = [];
  for (let i = 0; i < workers; i++) requests.push(await makeRequest(i));
  return { cluster, serving: await makeServing(dir, cluster, now), requests };
}

/** A serving pair for 127.0.0.1 from the cluster's CA. */
export async function makeServing(
  dir: string,
  { caCertificate, caKey }: ThrowAwayCluster,
  now: Date,
): Promise<Material["serving"]> {
  const ca = loadCertificateAuthority({
    certificates: readFileSync(caCertificate),
    key: readFileSync(caKey),
  });
  if (!ca.ok) throw new Error("the throw-away CA can't be loaded");
  const { key, publicKey } = await generateKey("ed25519");
  const { pem } = await issueCertificate(ca.issuing, {
    profile: PROFILES.talosNode,
    names: { commonName: "csr-signer", dnsNames: [], ipAddresses: ["127.0.0.1"] },
    spki: publicKey.spki,
    now,
    lifetimeMs: DAY_MS,
  });
  const serving = { certificate: join(dir, "tls.crt"), key: join(dir, "tls.key") };
  writeFileSync(serving.certificate, pem);
  writeFileSync(serving.key, key.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  return serving;
}

async function makeRequest(index: number): Promise<WorkerRequest> {
  const name = `worker-${index}`;
  const privateKey = await generateKey("ed25519");
  const csr = await createCertificateRequest({
    names: { commonName: name, dnsNames: [name], ipAddresses: [`10.5.0.${index % 250}`, "127.0.0.1"] },
    privateKey,
  });
  const message = toBinary(
    CertificateRequestSchema,
    create(CertificateRequestSchema, { csr: Buffer.from(csr) }),
  );
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return {
    csr,
    frame: Buffer.concat([prefix, message]),
    publicKey: Buffer.from(privateKey.publicKey.spki.slice(-RAW_KEY_BYTES)),
  };
}
