import type { PemBlock } from "./decode.ts";

// siderolabs/crypto x509/constants.go: keys and requests of Ed25519 carry these, with standard content.
const STANDARD_OF: ReadonlyMap<string, string> = new Map([["ED25519 PRIVATE KEY", "PRIVATE KEY"]]);

/**
 * The same block under the label of RFC 7468: Talos writes `ED25519 PRIVATE KEY` over a PKCS#8 key, which OpenSSL, Node and
 * cert-manager know as `PRIVATE KEY`. Other labels are returned as they are.
 */
export function toStandardLabel(block: PemBlock): PemBlock {
  const label = STANDARD_OF.get(block.label);
  return label === undefined ? block : { label, der: block.der };
}

/** The block of an Ed25519 PKCS#8 key under the label that Talos writes. The caller knows that the key is Ed25519. */
export function toTalosEd25519Label(block: PemBlock): PemBlock {
  return block.label === "PRIVATE KEY" ? { label: "ED25519 PRIVATE KEY", der: block.der } : block;
}
