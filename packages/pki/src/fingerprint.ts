import { createHash } from "node:crypto";

/** SHA-256 of bytes, lower-case hexadecimal: of a certificate's DER, or of a SubjectPublicKeyInfo. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
