import { authorityFaults, distinct, type CertificateAuthority } from "./authority.ts";
import { readCertificates, type Certificate } from "./certificate.ts";
import { sameBytes } from "./certificate-signature.ts";
import { PkiError } from "./errors.ts";
import { sha256Hex } from "./fingerprint.ts";

/**
 * Reads a bundle of CAs that nodes are to trust: PEM certificates, comments between them allowed, doubles dropped.
 *
 * Throws {@link PkiError}: what {@link readCertificates} throws; for a certificate that can't be a CA of Talos nodes what
 * {@link authorityFaults} says of it.
 */
export function readAcceptedCas(pem: Uint8Array | string): readonly Certificate[] {
  const certificates = distinct(readCertificates(pem));
  const [fault] = certificates.flatMap(authorityFaults);
  if (fault !== undefined) throw new PkiError(fault.code, fault.message);
  return certificates;
}

/**
 * One bundle of several, each certificate once, in the order they first appear; `last` at the end, wherever it was: a worker
 * makes its next key after the last one.
 */
export function mergeAcceptedCas(
  bundles: readonly (readonly Certificate[])[],
  last?: Certificate,
): readonly Certificate[] {
  const merged = distinct(bundles.flat());
  return last === undefined ? merged : [...merged.filter(({ der }) => !sameBytes(der, last.der)), last];
}

/** The CAs that workers are to trust: the configured ones first, the issuing one last, doubles dropped. */
export function acceptedCas(input: {
  readonly configured: readonly Certificate[];
  readonly issuing: CertificateAuthority;
}): readonly Certificate[] {
  return mergeAcceptedCas([input.configured], input.issuing.certificate);
}

/**
 * The bundle without the certificate of this SHA-256 fingerprint, given as hexadecimal in either case, with or without colons.
 * Throws ERR_PKI_BUNDLE where it is not there, or nothing would be left: nodes that trust no CA are locked out.
 */
export function removeAcceptedCa(
  bundle: readonly Certificate[],
  fingerprint: string,
): readonly Certificate[] {
  const wanted = fingerprint.replaceAll(":", "").toLowerCase();
  const left = bundle.filter(({ der }) => sha256Hex(der) !== wanted);
  if (left.length === bundle.length) throw new PkiError("ERR_PKI_BUNDLE", "no CA with this fingerprint");
  if (left.length === 0) throw new PkiError("ERR_PKI_BUNDLE", "the last CA: nodes would trust nobody");
  return left;
}
