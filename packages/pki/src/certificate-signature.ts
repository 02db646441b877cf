import type { Certificate } from "./certificate.ts";
import { rootOf } from "./der-reader.ts";
import { PkiError } from "./errors.ts";
import { readSignatureAlgorithm, verifySignature } from "./signature.ts";

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
