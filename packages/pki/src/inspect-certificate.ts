import { PkiError } from "./errors.ts";
import { childrenOf, contentOf, expect, oidOf, rootOf, wholeOf, type DerValue } from "./der-reader.ts";
import { scanDer, TAG } from "./der-scan.ts";
import { displayName } from "./distinguished-name.ts";
import { sha256Hex } from "./fingerprint.ts";
import { certificateWarnings } from "./inspection-warnings.ts";
import { inspectExtensions } from "./inspect-extensions.ts";
import { inspectSpki } from "./inspect-key.ts";
import { inspectNames, readNameLoosely } from "./inspect-name.ts";
import type { CertificateInspection } from "./inspection.ts";
import { nameOf, SIGNATURE_NAMES } from "./oid-names.ts";
import { readTime } from "./time.ts";

const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

/**
 * Tells what a DER certificate says, whoever made it: keys, signatures, names, times and extensions that are refused elsewhere
 * are shown, with a warning each. The signature is not verified: `verifyChain` does that. Where `now` is given, being expired
 * or not yet valid is a warning.
 *
 * Throws {@link PkiError} for bytes that are no strict DER or no certificate at all.
 */
export function inspectCertificate(
  der: Uint8Array,
  { now }: { readonly now?: Date | undefined } = {},
): CertificateInspection {
  scanDer(der);
  const [tbs, algorithm, signature] = childrenOf(expect(rootOf(der), TAG.sequence, "certificate"));
  expect(signature, TAG.bitString, "signature");
  const fields = childrenOf(expect(tbs, TAG.sequence, "certificate body"));
  const version = fields[0]?.tag === VERSION ? versionOf(fields.shift()) : 1;
  const [serial, , issuer, validity, subject, spki, ...optional] = fields;
  const [notBefore, notAfter] = childrenOf(expect(validity, TAG.sequence, "validity"));
  const key = inspectSpki(spki);
  const { names, extensions, usages, warnings } = inspectExtensions(
    optional.filter(({ tag }) => tag === EXTENSIONS).flatMap(childrenOf),
  );
  const issuerName = readNameLoosely(issuer);
  const inspected: Omit<CertificateInspection, "warnings"> = {
    kind: "certificate",
    version,
    ...inspectNames(readNameLoosely(subject), names),
    issuer: displayName(issuerName),
    selfIssued: Buffer.compare(wholeOf(subject ?? rootOf(der)), wholeOf(issuer ?? rootOf(der))) === 0,
    serialNumber: signedHex(serial),
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    publicKey: key.publicKey,
    signatureAlgorithm: signatureName(algorithm),
    sha256: sha256Hex(der),
    ...usages,
    extensions,
  };
  return { ...inspected, warnings: [...key.warnings, ...warnings, ...certificateWarnings(inspected, now)] };
}

/** The name of an AlgorithmIdentifier's algorithm, or its dotted identifier. */
export function signatureName(value: DerValue | undefined): string {
  const [id] = childrenOf(expect(value, TAG.sequence, "signature algorithm"));
  return nameOf(SIGNATURE_NAMES, oidOf(id, "signature algorithm"));
}

function versionOf(value: DerValue | undefined): number {
  const [number] = value === undefined ? [] : childrenOf(value);
  const content = contentOf(expect(number, TAG.integer, "version"));
  return content.length === 1 ? (content[0] ?? 0) + 1 : Number.MAX_SAFE_INTEGER;
}

function signedHex(value: DerValue | undefined): string {
  const content = contentOf(expect(value, TAG.integer, "serial number"));
  const hex = Buffer.from(content).toString("hex");
  if ((content[0] ?? 0) < 0x80) return hex.replace(/^00(?=.)/, "");
  const magnitude = ((1n << BigInt(8 * content.length)) - BigInt(`0x${hex}`)).toString(16);
  return `-${magnitude.padStart(magnitude.length + (magnitude.length % 2), "0")}`;
}

function timeOf(value: DerValue | undefined): string | null {
  try {
    return readTime(value).toISOString();
  } catch (error) {
    if (error instanceof PkiError) return null;
    throw error;
  }
}
