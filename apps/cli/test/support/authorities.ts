import {
  createCertificateAuthority,
  encodePrivateKey,
  generateKey,
  issueCertificate,
  PROFILES,
  talosClientProfile,
  type CertificateAuthority,
  type LeafProfile,
  type PrivateKey,
} from "@talos-bridge/pki";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { NOW } from "./command-line.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export interface Pair {
  readonly crt: string;
  readonly key: string;
  readonly der: Uint8Array;
  readonly privateKey: PrivateKey;
}

export type Authority = Pair & { readonly ca: CertificateAuthority };

export async function makeAuthority(organization = "talos", now = NOW): Promise<Authority> {
  const made = await createCertificateAuthority({
    now: new Date(now.getTime() - DAY_MS),
    profile: { organization, keyType: "ed25519" },
  });
  const { certificatePem: crt, keyPem: key, privateKey } = made;
  return { crt, key, der: made.certificate.der, privateKey, ca: made };
}

export async function makeLeaf(
  { ca }: Authority,
  profile: LeafProfile = PROFILES.talosNode,
  more: { readonly names?: readonly string[]; readonly now?: Date; readonly lifetimeMs?: number } = {},
): Promise<Pair> {
  const { names = ["10.0.0.1"], now = NOW, ...rest } = more;
  const privateKey = await generateKey("ed25519");
  const issued = await issueCertificate(ca, {
    profile,
    names: { commonName: "", dnsNames: [], ipAddresses: names },
    spki: privateKey.publicKey.spki,
    now,
    ...rest,
  });
  return { crt: issued.pem, key: encodePrivateKey(privateKey, "pkcs8"), der: issued.der, privateKey };
}

export const ADMIN = talosClientProfile(["os:admin"]).profile;

export function file(dir: string, name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

export const base64 = (text: string): string => Buffer.from(text).toString("base64");

export function talosconfig({ crt, key }: Pair, ca: Pair): string {
  return [
    "context: demo",
    "contexts:",
    "  demo:",
    "    endpoints: [10.0.0.1]",
    `    ca: ${base64(ca.crt)}`,
    `    crt: ${base64(crt)}`,
    `    key: ${base64(key)}`,
    "",
  ].join("\n");
}
