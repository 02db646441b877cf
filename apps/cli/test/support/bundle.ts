import {
  AUTHORITY_PROFILES,
  createCertificateAuthority,
  encodePrivateKey,
  generateKey,
} from "@talos-bridge/pki";
import { encodeSecretsBundle, type CertificateAndKey } from "@talos-bridge/secrets-bundle";

export const JOIN_TOKEN = "tokens.0123456789abcdef";

/** A whole secrets bundle, made anew, with keys that are quick to make. */
export async function makeBundle(now: Date): Promise<string> {
  const authority = async (name: keyof typeof AUTHORITY_PROFILES): Promise<CertificateAndKey> => {
    const made = await createCertificateAuthority({ profile: AUTHORITY_PROFILES[name], now });
    return { crt: made.certificatePem, key: made.keyPem };
  };
  const id = Buffer.alloc(32, 7).toString("base64");
  return encodeSecretsBundle({
    cluster: { id: id.replaceAll("/", "_").replaceAll("+", "-"), secret: id },
    secrets: {
      bootstrapToken: "abcdef.0123456789abcdef",
      aescbcEncryptionSecret: undefined,
      secretboxEncryptionSecret: id,
    },
    trustdInfo: { token: JOIN_TOKEN },
    certs: {
      etcd: await authority("etcd"),
      k8s: await authority("kubernetes"),
      k8sAggregator: await authority("kubernetesAggregator"),
      k8sServiceAccount: { key: encodePrivateKey(await generateKey("ecdsa-p256"), "talos") },
      os: await authority("talos"),
    },
  });
}
