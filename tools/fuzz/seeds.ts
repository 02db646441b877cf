import { decodePem, encodePem } from "@talos-bridge/pem";
import {
  createCertificateAuthority,
  createCertificateRequest,
  generateKey,
  loadCertificateAuthority,
  type CertificateAuthority,
  type GeneratedKeyType,
} from "@talos-bridge/pki";
import type { Seed } from "./mutate-request.ts";

/** What a run starts from. */
export interface Seeds {
  readonly requests: readonly Seed[];
  /** PEM texts of every kind that is read anywhere. */
  readonly texts: readonly string[];
  readonly authorities: readonly CertificateAuthority[];
}

const KEYS: readonly { readonly type: GeneratedKeyType; readonly digest: string | null }[] = [
  { type: "ed25519", digest: null },
  { type: "ed25519", digest: null },
  { type: "ecdsa-p256", digest: "sha256" },
  { type: "rsa-2048", digest: "sha512" },
];

export async function makeSeeds(now: Date): Promise<Seeds> {
  const requests: Seed[] = [];
  const texts: string[] = [];
  for (const { type, digest } of KEYS) {
    const privateKey = await generateKey(type);
    const names = {
      commonName: "worker-1.example.org",
      dnsNames: ["worker-1", "worker-1.example.org"],
      ipAddresses: ["10.5.0.4", "fd00::4", "127.0.0.1"],
    };
    for (const organization of ["", "os:admin"]) {
      const pem = await createCertificateRequest({ names, privateKey, organization });
      const [block] = decodePem(pem);
      if (block === undefined) throw new Error("a seed has no block");
      requests.push({ der: block.der, key: privateKey.key, digest });
      texts.push(pem);
    }
    texts.push(encodePem("PRIVATE KEY", privateKey.key.export({ type: "pkcs8", format: "der" })));
  }
  const authorities: CertificateAuthority[] = [];
  for (const keyType of ["ed25519", "ecdsa-p256"] as const) {
    const { certificatePem, keyPem } = await createCertificateAuthority({ keyType, now });
    const loaded = loadCertificateAuthority({ certificates: certificatePem, key: keyPem });
    if (!loaded.ok) throw new Error("a CA that was just made does not load");
    authorities.push(loaded.issuing);
    texts.push(certificatePem, keyPem, certificatePem + keyPem);
  }
  return { requests, texts, authorities };
}
