import type { GeneratedKeyType } from "./generate-key.ts";

/** What one of Talos's CAs is called and which key it has unless asked for another. */
export interface AuthorityProfile {
  /** Its subject, alone. "" = an empty subject. */
  readonly organization: string;
  readonly keyType: GeneratedKeyType;
}

/**
 * The CAs of a Talos cluster (siderolabs/talos pkg/machinery/config/generate/secrets/ca.go). They differ in name and key alone.
 * The aggregator's has an empty subject: Talos asks for the common name `front-proxy`, which siderolabs/crypto does not write
 * into CAs (x509/certificate_authority.go).
 */
export const AUTHORITY_PROFILES = {
  talos: { organization: "talos", keyType: "ed25519" },
  etcd: { organization: "etcd", keyType: "ecdsa-p256" },
  kubernetes: { organization: "kubernetes", keyType: "ecdsa-p256" },
  kubernetesAggregator: { organization: "", keyType: "ecdsa-p256" },
} as const satisfies Record<string, AuthorityProfile>;
