// A cluster's files and servers, good or with a fault in them.
import {
  createCertificateAuthority,
  encodePrivateKey,
  generateKey,
  issueCertificate,
  loadCertificateAuthority,
  talosClientProfile,
  type CertificateAuthority,
  type LeafProfile,
} from "@talos-bridge/pki";
import {
  createTalosconfig,
  encodeKmsPatch,
  encodeSecretsBundle,
  encodeTalosconfig,
  encodeWorkerConfig,
  generateSecretsBundle,
  type CertificateAndKey,
  type SecretsBundle,
} from "@talos-bridge/secrets-bundle";
import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { onTestFinished } from "vitest";
import type { SignerFiles } from "./services.ts";

export function makeBundle(now = new Date()): Promise<SecretsBundle> {
  // RSA-4096, which Talos would take for the service account's key, needs seconds.
  return generateSecretsBundle({ now, serviceAccountKeyType: "ecdsa-p256" });
}

export function authority({ crt, key }: CertificateAndKey): CertificateAuthority {
  const loaded = loadCertificateAuthority({ certificates: crt, key });
  if (!loaded.ok) throw new Error(loaded.faults.map(({ message }) => message).join("; "));
  return loaded.issuing;
}

export async function issue(
  ca: CertificateAuthority,
  profile: LeafProfile,
  addresses: readonly string[] = [],
  validity: { readonly now?: Date; readonly lifetimeMs?: number } = {},
): Promise<CertificateAndKey> {
  const key = await generateKey("ed25519");
  const { pem } = await issueCertificate(ca, {
    profile,
    names: { commonName: "", dnsNames: [], ipAddresses: addresses },
    spki: key.publicKey.spki,
    now: new Date(),
    ...validity,
  });
  return { crt: pem, key: encodePrivateKey(key, "pkcs8") };
}

export async function privateAuthority(): Promise<CertificateAndKey & { readonly ca: CertificateAuthority }> {
  const made = await createCertificateAuthority({
    now: new Date(),
    profile: { organization: "a private CA", keyType: "ecdsa-p256" },
  });
  return { crt: made.certificatePem, key: made.keyPem, ca: made };
}

/** Shows a certificate to whoever asks, and nothing else. */
export async function serveTls({ crt, key }: CertificateAndKey): Promise<number> {
  const server = createServer({ cert: crt, key, ALPNProtocols: ["h2"] });
  server.on("tlsClientError", () => undefined);
  server.on("secureConnection", (socket) => socket.on("error", () => undefined));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  onTestFinished(() => void server.close());
  return portOf(server.address());
}

export function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export function write(dir: string, name: string, content: string): string {
  const path = join(dir, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

export function signerFiles(dir: string, { certs, trustdInfo }: SecretsBundle): SignerFiles {
  return {
    caCertificate: write(dir, "os.crt", certs.os.crt),
    caKey: write(dir, "os.key", certs.os.key),
    tokenFile: write(dir, "token", `${trustdInfo.token}\n`),
  };
}

export function bundleFile(dir: string, bundle: SecretsBundle): string {
  return write(dir, "secrets.yaml", encodeSecretsBundle(bundle));
}

export function workerFile(
  dir: string,
  bundle: SecretsBundle,
  more: {
    readonly apiPort?: number;
    readonly acceptedCas?: readonly string[];
    /** A KMS for both volumes. */
    readonly kms?: string;
  } = {},
): string {
  const { apiPort = 6_443, acceptedCas = [], kms } = more;
  const worker = encodeWorkerConfig({
    bundle,
    talosVersion: "1.13",
    clusterName: "demo",
    endpoint: `https://127.0.0.1:${apiPort}`,
    acceptedCas,
  });
  const patch =
    kms === undefined
      ? ""
      : `---\n${encodeKmsPatch({ endpoint: kms, volumes: ["STATE", "EPHEMERAL"], allowPlaintext: true })}`;
  return write(dir, "worker.yaml", `${worker}${patch}`);
}

export async function talosconfigFile(
  dir: string,
  os: CertificateAndKey,
  client: { readonly profile?: LeafProfile; readonly now?: Date; readonly ca?: string } = {},
): Promise<string> {
  const { profile = talosClientProfile(["os:admin"]).profile, now = new Date(), ca = os.crt } = client;
  const config = createTalosconfig({
    context: "demo",
    endpoints: ["127.0.0.1"],
    ca,
    client: await issue(authority(os), profile, [], { now }),
  });
  return write(dir, "talosconfig", encodeTalosconfig(config));
}
