import type { KeyUsage } from "./certificate.ts";
import { OID } from "./oids.ts";

/** What a leaf certificate may be used for. Leaves are data: one row a kind. */
export interface LeafProfile {
  readonly keyUsage: readonly KeyUsage[];
  /** Dotted identifiers of RFC 5280 §4.2.1.12. */
  readonly extendedKeyUsage: readonly string[];
}

/**
 * The kinds of leaves. `talosNode` is what trustd issues, whatever was asked (siderolabs/talos
 * internal/app/trustd/internal/reg/reg.go): it can serve the Talos API and can't be a client of it.
 */
export const PROFILES = {
  talosNode: { keyUsage: ["digitalSignature"], extendedKeyUsage: [OID.serverAuth] },
} as const satisfies Record<string, LeafProfile>;
