import { decodePem, encodePem, PemError } from "@talos-bridge/pem";
import {
  bitsOf,
  childrenOf,
  contentOf,
  expect,
  expectNoMore,
  positiveOf,
  rootOf,
  structure,
  wholeOf,
  type DerValue,
} from "./der-reader.ts";
import { scanDer, TAG } from "./der-scan.ts";
import { displayName, readName } from "./distinguished-name.ts";
import { PkiError } from "./errors.ts";
import { readExtensions, type Extension } from "./extensions.ts";
import { readKnownExtensions, type KnownExtensions } from "./known-extensions.ts";
import { OID } from "./oids.ts";
import { refusePlaceholders } from "./placeholder.ts";
import { readPublicKey, type PublicKey } from "./public-key.ts";
import { readTime } from "./time.ts";

/** A certificate as plain data, with the bytes that its identity and signature hang on. */
export interface Certificate extends KnownExtensions {
  readonly der: Uint8Array;
  /** For people, such as `O=talos`. */
  readonly subject: string;
  readonly issuer: string;
  /** DER of the names: chains are matched by bytes. */
  readonly subjectDer: Uint8Array;
  readonly issuerDer: Uint8Array;
  readonly commonName: string;
  /** Lower-case hexadecimal. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: PublicKey;
  /** What the issuer signed, with which AlgorithmIdentifier, and the signature. */
  readonly signed: {
    readonly tbs: Uint8Array;
    readonly algorithm: Uint8Array;
    readonly signature: Uint8Array;
  };
}

const VERSION = 0xa0;
const ISSUER_UNIQUE_ID = 0x81;
const SUBJECT_UNIQUE_ID = 0x82;
const EXTENSIONS = 0xa3;

/**
 * Reads all certificates of a PEM text, in order; text between blocks is a comment. A private key among them is refused: such
 * a file would be sent to nodes. Throws {@link PkiError}.
 */
export function readCertificates(pem: Uint8Array | string): readonly Certificate[] {
  return certificateBlocks(pem).map(readCertificate);
}

/** The DER of each certificate of a PEM text, not looked into; the rules of {@link readCertificates} for the text. */
export function certificateBlocks(pem: Uint8Array | string): readonly Uint8Array[] {
  let blocks;
  try {
    blocks = decodePem(pem, { textOutside: "ignore" });
  } catch (cause) {
    if (!(cause instanceof PemError)) throw cause;
    refusePlaceholders(pem);
    throw new PkiError("ERR_PKI_PEM", `no PEM certificates: ${cause.message}`, { cause });
  }
  return blocks.map(({ label, der }, index) => {
    if (label.endsWith("PRIVATE KEY")) {
      throw new PkiError(
        "ERR_PKI_KEY_IN_CERTIFICATES",
        `block ${index + 1} is a private key, among certificates`,
      );
    }
    if (label !== "CERTIFICATE") throw new PkiError("ERR_PKI_PEM", `block ${index + 1} is no certificate`);
    return der;
  });
}

/** Reads one DER certificate (RFC 5280 §4.1), version 3 or 1. Throws {@link PkiError}. */
export function readCertificate(der: Uint8Array): Certificate {
  scanDer(der);
  const parts = childrenOf(expect(rootOf(der), TAG.sequence, "certificate"));
  const [tbsValue, algorithm, signature] = parts;
  expectNoMore(parts, 3, "certificate");
  const tbs = expect(tbsValue, TAG.sequence, "certificate body");
  const fields = childrenOf(tbs);
  const versioned = fields[0]?.tag === VERSION;
  if (versioned) checkVersion(childrenOf(fields.shift() ?? tbs));
  const [serial, innerAlgorithm, issuer, validity, subject, spki, ...optional] = fields;
  const outer = wholeOf(expect(algorithm, TAG.sequence, "signature algorithm"));
  if (Buffer.compare(outer, wholeOf(expect(innerAlgorithm, TAG.sequence, "signature algorithm"))) !== 0) {
    throw structure(innerAlgorithm, "the same signature algorithm twice");
  }
  const [notBefore, notAfter, ...moreTimes] = childrenOf(expect(validity, TAG.sequence, "validity"));
  expectNoMore(moreTimes, 0, "validity");
  const subjectName = readName(subject);
  return {
    der,
    subject: displayName(subjectName),
    issuer: displayName(readName(issuer)),
    subjectDer: wholeOf(expect(subject, TAG.sequence, "subject")),
    issuerDer: wholeOf(expect(issuer, TAG.sequence, "issuer")),
    commonName: subjectName.find(({ type }) => type === OID.commonName)?.text ?? "",
    serialNumber: Buffer.from(positiveOf(serial, "serial number")).toString("hex"),
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    publicKey: readPublicKey(spki),
    ...readKnownExtensions(extensionsOf(optional, versioned)),
    signed: { tbs: wholeOf(tbs), algorithm: outer, signature: bitsOf(signature, "signature") },
  };
}

/** Encodes certificates as one PEM text, each anew from its DER. */
export function encodeCertificates(certificates: readonly Certificate[]): string {
  return certificates.map(({ der }) => encodePem("CERTIFICATE", der)).join("");
}

function checkVersion(values: readonly DerValue[]): void {
  const content = contentOf(expect(values[0], TAG.integer, "version"));
  expectNoMore(values, 1, "version");
  if (content.length !== 1 || content[0] !== 2)
    throw new PkiError("ERR_PKI_VERSION", "certificate version is neither 1 nor 3");
}

function extensionsOf(optional: readonly DerValue[], versioned: boolean): ReadonlyMap<string, Extension> {
  const rest = optional.filter(({ tag }) => tag !== ISSUER_UNIQUE_ID && tag !== SUBJECT_UNIQUE_ID);
  if (rest.length === 0) return new Map();
  if (!versioned) throw structure(rest[0], "no extensions in version 1");
  const wrapped = childrenOf(expect(rest[0], EXTENSIONS, "extensions"));
  expectNoMore(rest, 1, "certificate body");
  expectNoMore(wrapped, 1, "extensions");
  return readExtensions(wrapped[0]);
}
