import { decodePem, encodePem, PemError } from "@talos-bridge/pem";
import {
  bitsOf,
  childrenOf,
  contentOf,
  expect,
  expectNoMore,
  oidOf,
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
import { OID } from "./oids.ts";
import { refusePlaceholders } from "./placeholder.ts";
import { readPublicKey, type PublicKey } from "./public-key.ts";
import { readAltNames } from "./subject-alt-name.ts";

/** A certificate as plain data, with the bytes that its identity and signature hang on. */
export interface Certificate {
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
  readonly isCa: boolean;
  /** Undefined = the extension is not there, so all usages are allowed. */
  readonly keyUsage: readonly KeyUsage[] | undefined;
  /** Dotted identifiers; undefined = not restricted. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** Whether it is a CA for some names only. */
  readonly nameConstraints: boolean;
  readonly subjectKeyId: Uint8Array | undefined;
  readonly authorityKeyId: Uint8Array | undefined;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** What the issuer signed, with which AlgorithmIdentifier, and the signature. */
  readonly signed: {
    readonly tbs: Uint8Array;
    readonly algorithm: Uint8Array;
    readonly signature: Uint8Array;
  };
}

/** RFC 5280 §4.2.1.3, in bit order. */
export const KEY_USAGES = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
] as const;
export type KeyUsage = (typeof KEY_USAGES)[number];

const VERSION = 0xa0;
const ISSUER_UNIQUE_ID = 0x81;
const SUBJECT_UNIQUE_ID = 0x82;
const EXTENSIONS = 0xa3;
const KEY_IDENTIFIER = 0x80;

/**
 * Reads all certificates of a PEM text, in order; text between blocks is a comment. A private key among them is refused: such
 * a file would be sent to nodes. Throws {@link PkiError}.
 */
export function readCertificates(pem: Uint8Array | string): readonly Certificate[] {
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
    return readCertificate(der);
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

type KnownExtensions = Pick<
  Certificate,
  | "isCa"
  | "keyUsage"
  | "extendedKeyUsage"
  | "nameConstraints"
  | "subjectKeyId"
  | "authorityKeyId"
  | "dnsNames"
  | "ipAddresses"
>;

function readKnownExtensions(extensions: ReadonlyMap<string, Extension>): KnownExtensions {
  const valueOf = (id: string): DerValue | undefined => {
    const extension = extensions.get(id);
    if (extension === undefined) return undefined;
    scanDer(extension.value);
    return rootOf(extension.value);
  };
  const altNames = extensions.get(OID.subjectAltName);
  const names = altNames === undefined ? undefined : readAltNames(altNames.value);
  const basic = valueOf(OID.basicConstraints);
  const usage = valueOf(OID.keyUsage);
  const extended = valueOf(OID.extendedKeyUsage);
  const subjectKeyId = valueOf(OID.subjectKeyIdentifier);
  const authority = valueOf(OID.authorityKeyIdentifier);
  const ca = basic && childrenOf(expect(basic, TAG.sequence, "basic constraints"))[0];
  const authorityId = authority && childrenOf(expect(authority, TAG.sequence, "authority key identifier"))[0];
  return {
    isCa: ca?.tag === TAG.boolean && contentOf(ca)[0] === 0xff,
    keyUsage: usage && readKeyUsage(usage),
    extendedKeyUsage:
      extended &&
      childrenOf(expect(extended, TAG.sequence, "extended key usage")).map((id) => oidOf(id, "key purpose")),
    nameConstraints: extensions.has(OID.nameConstraints),
    subjectKeyId: subjectKeyId && contentOf(expect(subjectKeyId, TAG.octetString, "subject key identifier")),
    authorityKeyId: authorityId?.tag === KEY_IDENTIFIER ? contentOf(authorityId) : undefined,
    dnsNames: names?.dnsNames ?? [],
    ipAddresses: names?.ipAddresses ?? [],
  };
}

function readKeyUsage(value: DerValue): readonly KeyUsage[] {
  const bits = contentOf(expect(value, TAG.bitString, "key usage"))[1] ?? 0;
  return KEY_USAGES.filter((_, bit) => (bits & (0x80 >> bit)) !== 0);
}

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

function readTime(value: DerValue | undefined): Date {
  const utc = value?.tag === TAG.utcTime;
  const content = contentOf(utc ? value : expect(value, TAG.generalizedTime, "time"));
  const fields = (utc ? UTC_TIME : GENERALIZED_TIME)
    .exec(Buffer.from(content).toString("latin1"))
    ?.slice(1)
    .map(Number);
  if (fields === undefined) throw structure(value, "time in whole seconds, UTC");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields;
  // RFC 5280 §4.1.2.5.1: two digits from 50 on are of the last century.
  const full = utc ? year + (year >= 50 ? 1900 : 2000) : year;
  const date = new Date(Date.UTC(full, month - 1, day, hour, minute, second));
  if (full < 100) date.setUTCFullYear(full);
  if (
    date.getUTCMonth() !== month - 1 ||
    date.getUTCDate() !== day ||
    hour > 23 ||
    minute > 59 ||
    second > 59
  ) {
    throw structure(value, "time that exists");
  }
  return date;
}
