import {
  createCertificateAuthority,
  generateKey,
  issueCertificate,
  loadCertificateAuthority,
  PROFILES,
} from "@talos-bridge/pki";

/** A certificate for 127.0.0.1 from a CA of its own, all as PEM. */
export interface Serving {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export async function makeServing(): Promise<Serving> {
  const now = new Date();
  const { certificatePem, keyPem } = await createCertificateAuthority({ keyType: "ed25519", now });
  const ca = loadCertificateAuthority({ certificates: certificatePem, key: keyPem });
  if (!ca.ok) throw new Error("a CA that was just made does not load");
  const { key, publicKey } = await generateKey("ed25519");
  const { pem } = await issueCertificate(ca.issuing, {
    profile: PROFILES.talosNode,
    names: { commonName: "kms", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] },
    spki: publicKey.spki,
    now,
    lifetimeMs: 3_600_000,
  });
  return { ca: certificatePem, cert: pem, key: String(key.export({ type: "pkcs8", format: "pem" })) };
}
