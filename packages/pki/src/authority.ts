import { readCertificates, type Certificate } from "./certificate.ts";
import { hasAllowedSignature, maySign, sameBytes, signedBy } from "./certificate-signature.ts";
import { PkiError } from "./errors.ts";
import { OID } from "./oids.ts";
import { readPrivateKey, type PrivateKey } from "./private-key.ts";

/** A CA that can issue: its certificate and the key that belongs to it. */
export interface CertificateAuthority {
  readonly certificate: Certificate;
  readonly privateKey: PrivateKey;
}

/** What is wrong with a CA's files: `field` says in which of the two. */
export interface AuthorityFault {
  readonly field: "certificates" | "key";
  readonly code: PkiError["code"];
  readonly message: string;
}

export type LoadedAuthority =
  | { readonly ok: true; readonly issuing: CertificateAuthority; readonly others: readonly Certificate[] }
  | { readonly ok: false; readonly faults: readonly AuthorityFault[] };

/**
 * Loads a CA from the PEM of its certificates and its key. Of several certificates the one that matches the key issues, and
 * of several that match the one that ends last: a CA that was renewed over its key. The others are accepted CAs; doubles go.
 * All faults are told at once: placeholders, encrypted or weak keys, no match, not a CA, a key usage that forbids signing, a
 * SHA-1 or MD5 signature.
 */
export function loadCertificateAuthority(input: {
  readonly certificates: Uint8Array | string;
  readonly key: Uint8Array | string;
}): LoadedAuthority {
  const certificates = attempt("certificates", () => distinct(readCertificates(input.certificates)));
  const privateKey = attempt("key", () => readPrivateKey(input.key));
  const faults = [...certificates.faults, ...privateKey.faults];
  if (certificates.value === undefined || privateKey.value === undefined) return { ok: false, faults };

  const { publicKey } = privateKey.value;
  const [certificate] = certificates.value
    .filter(({ publicKey: { spki } }) => sameBytes(spki, publicKey.spki))
    .toSorted((a, b) => b.notAfter.getTime() - a.notAfter.getTime());
  faults.push(...certificates.value.flatMap(authorityFaults));
  if (certificate === undefined) {
    faults.push({
      field: "key",
      code: "ERR_PKI_KEY",
      message: "does not belong to any of the CA certificates",
    });
  }
  if (certificate === undefined || faults.length > 0) return { ok: false, faults };
  const others = certificates.value.filter((other) => other !== certificate);
  return { ok: true, issuing: { certificate, privateKey: privateKey.value }, others };
}

function attempt<T>(
  field: AuthorityFault["field"],
  read: () => T,
): { value: T | undefined; faults: AuthorityFault[] } {
  try {
    return { value: read(), faults: [] };
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    return { value: undefined, faults: [{ field, code: error.code, message: error.message }] };
  }
}

/** Why a certificate can't be a CA of Talos nodes, whatever the time: empty = it can. */
export function authorityFaults(certificate: Certificate): readonly AuthorityFault[] {
  const fault = (code: PkiError["code"], what: string): AuthorityFault => ({
    field: "certificates",
    code,
    message: `${certificate.subject || "certificate"} ${what}`,
  });
  if (!certificate.isCa) return [fault("ERR_PKI_STRUCTURE", "is not a CA")];
  if (!maySign(certificate)) return [fault("ERR_PKI_STRUCTURE", "has a key usage without keyCertSign")];
  if (!mayCertifyServers(certificate)) {
    return [fault("ERR_PKI_STRUCTURE", "has an extended key usage without server authentication")];
  }
  if (certificate.nameConstraints)
    return [fault("ERR_PKI_STRUCTURE", "has name constraints, which are not kept here")];
  if (!hasAllowedSignature(certificate))
    return [fault("ERR_PKI_SIGNATURE_ALGORITHM", "is signed with a broken algorithm")];
  const selfIssued = sameBytes(certificate.subjectDer, certificate.issuerDer);
  if (selfIssued && !signedBy(certificate, certificate))
    return [fault("ERR_PKI_SIGNATURE", "has a signature that does not verify")];
  return [];
}

/** A CA's extended key usage, where there is one, bounds what its certificates are good for. */
function mayCertifyServers({ extendedKeyUsage }: Certificate): boolean {
  if (extendedKeyUsage === undefined) return true;
  return extendedKeyUsage.some((id) => id === OID.serverAuth || id === OID.anyExtendedKeyUsage);
}

/** Whether a CA can issue at this time. */
export function authorityUsableAt(
  { certificate }: CertificateAuthority,
  now: Date,
): "ok" | "expired" | "not yet valid" {
  if (now < certificate.notBefore) return "not yet valid";
  return now > certificate.notAfter ? "expired" : "ok";
}

/** Each certificate once, where it first appears. */
export function distinct(certificates: readonly Certificate[]): readonly Certificate[] {
  return certificates.filter(
    (each, index) => certificates.findIndex(({ der }) => sameBytes(der, each.der)) === index,
  );
}
