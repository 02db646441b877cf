import {
  createCertificateAuthority,
  encodePrivateKey,
  generateKey,
  type AuthorityProfile,
  type GeneratedKeyType,
} from "@talos-bridge/pki";
import type { CertificateAndKey } from "./bundle.ts";

/** How keys and certificates come about. Both give PEM text under the labels that Talos writes. */
export interface BundleMakers {
  /** A self-signed CA, valid from `now` for 87,600 hours. */
  readonly authority: (profile: AuthorityProfile, now: Date) => Promise<CertificateAndKey>;
  readonly key: (keyType: GeneratedKeyType) => Promise<string>;
}

/** Makers on @talos-bridge/pki and the system's random numbers. */
export const PKI_MAKERS: BundleMakers = {
  authority: async (profile, now) => {
    const { certificatePem, keyPem } = await createCertificateAuthority({ profile, now });
    return { crt: certificatePem, key: keyPem };
  },
  key: async (keyType) => encodePrivateKey(await generateKey(keyType), "talos"),
};
