import { decodeSinglePem, encodePem, toTalosEd25519Label } from "@talos-bridge/pem";
import {
  createCertificateAuthority,
  generateKey,
  type GeneratedKeyType,
  type PrivateKey,
} from "@talos-bridge/pki";
import type { CertificateAndKey } from "./bundle.ts";

/** What a CA of a bundle is made of. Organization "" = an empty subject, which is what Talos gives its aggregator CA. */
export interface AuthorityPlan {
  readonly organization: string;
  readonly keyType: GeneratedKeyType;
}

export type AuthorityName = "etcd" | "k8s" | "k8sAggregator" | "os";

/**
 * The CAs of a bundle (siderolabs/talos pkg/machinery config/generate/secrets/ca.go). That code names the aggregator's CA
 * `front-proxy`, and siderolabs/crypto then takes the organizations alone into the subject.
 */
export const AUTHORITY_PLANS: Readonly<Record<AuthorityName, AuthorityPlan>> = {
  etcd: { organization: "etcd", keyType: "ecdsa-p256" },
  k8s: { organization: "kubernetes", keyType: "ecdsa-p256" },
  k8sAggregator: { organization: "", keyType: "ecdsa-p256" },
  os: { organization: "talos", keyType: "ed25519" },
};

/** How keys and certificates come about. Both give PEM text under the labels that Talos writes. */
export interface BundleMakers {
  /** A self-signed CA, valid from `now` for 87,600 hours. */
  readonly authority: (plan: AuthorityPlan, now: Date) => Promise<CertificateAndKey>;
  readonly key: (keyType: GeneratedKeyType) => Promise<string>;
}

/** Makers on @talos-bridge/pki and the system's random numbers. */
export const PKI_MAKERS: BundleMakers = {
  authority: async ({ organization, keyType }, now) => {
    const privateKey = await generateKey(keyType);
    const { certificatePem } = await createCertificateAuthority({
      privateKey,
      profile: { organization, keyType },
      now,
    });
    return { crt: certificatePem, key: talosKeyPem(privateKey) };
  },
  key: async (keyType) => talosKeyPem(await generateKey(keyType)),
};

/** A private key as siderolabs/crypto writes it: PKCS#8 under Talos's own label for Ed25519, SEC 1 for EC, PKCS#1 for RSA. */
function talosKeyPem({ key, publicKey }: PrivateKey): string {
  if (publicKey.type.startsWith("rsa"))
    return encodePem("RSA PRIVATE KEY", key.export({ type: "pkcs1", format: "der" }));
  if (publicKey.type.startsWith("ecdsa"))
    return encodePem("EC PRIVATE KEY", key.export({ type: "sec1", format: "der" }));
  const block = decodeSinglePem(key.export({ type: "pkcs8", format: "pem" }), { labels: ["PRIVATE KEY"] });
  const { label, der } = toTalosEd25519Label(block);
  return encodePem(label, der);
}
