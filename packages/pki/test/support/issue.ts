import {
  issueCertificate,
  PROFILES,
  readCertificate,
  readCertificateRequest,
  type Certificate,
  type CertificateAuthority,
  type CertificateRequest,
} from "@talos-bridge/pki";
import { authority, NOW } from "./fixtures.ts";

const DAY_MS = 86_400_000;

export interface Signed {
  readonly request: CertificateRequest;
  readonly certificate: Certificate;
  readonly pem: string;
}

/** Reads a request and issues for it as the signer does. */
export async function signFor(
  pem: string | Uint8Array,
  ca: CertificateAuthority = authority(),
): Promise<Signed> {
  const request = readCertificateRequest(pem);
  const issued = await issueCertificate(ca, {
    profile: PROFILES.talosNode,
    names: request,
    spki: request.publicKey.spki,
    now: NOW,
    lifetimeMs: DAY_MS,
  });
  return { request, certificate: readCertificate(issued.der), pem: issued.pem };
}

/** What a certificate may be used for and says about its holder, for comparing. */
export function meaningOf(certificate: Certificate): unknown {
  const { subject, dnsNames, ipAddresses, publicKey, isCa, keyUsage, extendedKeyUsage, authorityKeyId } =
    certificate;
  const ids = authorityKeyId && Buffer.from(authorityKeyId).toString("hex");
  const spki = Buffer.from(publicKey.spki).toString("hex");
  return { subject, dnsNames, ipAddresses, spki, isCa, keyUsage, extendedKeyUsage, authorityKeyId: ids };
}
