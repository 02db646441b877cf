import type { Certificate } from "./certificate.ts";
import { rootOf } from "./der-reader.ts";
import { PkiError } from "./errors.ts";
import { OID } from "./oids.ts";
import { readSignatureAlgorithm, verifySignature } from "./signature.ts";

/** Why a chain can't be used; `ok` = it can. */
export type ChainVerdict =
  | "ok"
  | "not yet valid"
  | "expired"
  | "unknown authority"
  | "missing server-auth usage"
  | "missing client-auth usage";

export interface ChainQuestion {
  readonly leaf: Certificate;
  /** Any order; more than are needed do no harm. */
  readonly intermediates?: readonly Certificate[];
  readonly roots: readonly Certificate[];
  readonly now: Date;
  readonly usage: "serverAuth" | "clientAuth";
}

const MAX_LENGTH = 5;

/**
 * Whether a peer that trusts `roots` accepts `leaf` at `now` for this usage, by signatures, names, validity and CA flags
 * (RFC 5280 §6.1). Name constraints and policies are not looked at: Talos's PKI has none.
 */
export function verifyChain({ leaf, intermediates = [], roots, now, usage }: ChainQuestion): ChainVerdict {
  if (now < leaf.notBefore) return "not yet valid";
  if (now > leaf.notAfter) return "expired";
  const wanted: readonly string[] = [
    usage === "serverAuth" ? OID.serverAuth : OID.clientAuth,
    OID.anyExtendedKeyUsage,
  ];
  if (leaf.extendedKeyUsage !== undefined && !leaf.extendedKeyUsage.some((id) => wanted.includes(id))) {
    return usage === "serverAuth" ? "missing server-auth usage" : "missing client-auth usage";
  }
  return reachesRoot(leaf, intermediates, roots, now, MAX_LENGTH) ? "ok" : "unknown authority";
}

function reachesRoot(
  certificate: Certificate,
  intermediates: readonly Certificate[],
  roots: readonly Certificate[],
  now: Date,
  left: number,
): boolean {
  if (roots.some((root) => sameBytes(root.der, certificate.der) || issued(root, certificate, now)))
    return true;
  if (left === 0) return false;
  return intermediates.some(
    (next) =>
      issued(next, certificate, now) &&
      reachesRoot(
        next,
        intermediates.filter((other) => other !== next),
        roots,
        now,
        left - 1,
      ),
  );
}

/** Whether `authority`, valid at `now`, signed `certificate`. */
function issued(authority: Certificate, certificate: Certificate, now: Date): boolean {
  return (
    authority.isCa &&
    maySign(authority) &&
    now >= authority.notBefore &&
    now <= authority.notAfter &&
    sameBytes(authority.subjectDer, certificate.issuerDer) &&
    signedBy(certificate, authority)
  );
}

/** Whether the key usage lets a CA sign certificates: an absent extension does (RFC 5280 §4.2.1.3). */
export function maySign({ keyUsage }: Certificate): boolean {
  return keyUsage === undefined || keyUsage.includes("keyCertSign");
}

/** Whether the signature of `certificate` was made with the key of `authority` and an allowed algorithm. */
export function signedBy({ signed }: Certificate, authority: Certificate): boolean {
  try {
    return verifySignature(
      readSignatureAlgorithm(rootOf(signed.algorithm)),
      authority.publicKey,
      signed.tbs,
      signed.signature,
    );
  } catch (error) {
    if (error instanceof PkiError) return false;
    throw error;
  }
}

/** Whether the certificate's signature algorithm is one of those allowed: not MD5, not SHA-1. */
export function hasAllowedSignature({ signed }: Certificate): boolean {
  try {
    readSignatureAlgorithm(rootOf(signed.algorithm));
    return true;
  } catch (error) {
    if (error instanceof PkiError) return false;
    throw error;
  }
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
