import {
  encodePrivateKey,
  generateKey,
  issueCertificate,
  type CertificateAuthority,
  type LeafProfile,
} from "@talos-bridge/pki";

export interface ClientCertificate {
  readonly certificatePem: string;
  /** As Talos labels it. */
  readonly keyPem: string;
  readonly notAfter: Date;
}

/**
 * Makes a key and a client certificate of the Talos CA. The key is of the CA's type where that is cheap to make: a cluster that is
 * kept to P-256 has its reasons. The act is for the caller to write down before. Throws {@link PkiError}.
 */
export async function issueClientCertificate(
  ca: CertificateAuthority,
  input: { readonly profile: LeafProfile; readonly now: Date; readonly lifetimeMs: number },
): Promise<ClientCertificate> {
  const { type } = ca.privateKey.publicKey;
  const privateKey = await generateKey(type.startsWith("ecdsa") ? "ecdsa-p256" : "ed25519");
  const { pem, notAfter } = await issueCertificate(ca, { ...input, spki: privateKey.publicKey.spki });
  return { certificatePem: pem, keyPem: encodePrivateKey(privateKey, "talos"), notAfter };
}
