import { PkiError } from "./errors.ts";

/** As much of a text as is looked at: a mark stands in its place from the first byte on. */
const LOOKED_AT = 16_384;

/**
 * Says better what is wrong with text that is no PEM: throws ERR_PKI_PLACEHOLDER where a tool left its mark instead of the
 * material (SOPS; Talos's and others' redaction).
 */
export function refusePlaceholders(text: Uint8Array | string): void {
  const head =
    typeof text === "string"
      ? text.slice(0, LOOKED_AT)
      : Buffer.from(text.subarray(0, LOOKED_AT)).toString("latin1");
  if (head.includes("ENC[AES256_GCM")) {
    throw new PkiError("ERR_PKI_PLACEHOLDER", "is encrypted with SOPS: decrypt it first");
  }
  if (/REDACTED|\*{6}/.test(head)) {
    throw new PkiError("ERR_PKI_PLACEHOLDER", "is redacted: the value itself is not there");
  }
}
