import { encodePem } from "@talos-bridge/pem";
import { authorityUsableAt, type CertificateAuthority } from "./authority.ts";
import { KEY_USAGES, type Certificate, type KeyUsage } from "./certificate.ts";
import {
  bitString,
  context,
  integer,
  namedBits,
  oid,
  sequence,
  time,
  toBytes,
  type Der,
} from "./der-writer.ts";
import { encodeName } from "./distinguished-name.ts";
import { PkiError } from "./errors.ts";
import { encodeExtension } from "./extensions.ts";
import { OID } from "./oids.ts";
import type { LeafProfile } from "./profile.ts";
import { randomFromPool } from "./random-pool.ts";
import { sign, signatureAlgorithmDer } from "./signature.ts";
import { encodeAltNames } from "./subject-alt-name.ts";

/** All the names a leaf carries. */
export interface Names {
  /** "" = none. */
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

export interface IssueInput {
  readonly profile: LeafProfile;
  readonly names: Names;
  /** SubjectPublicKeyInfo, DER, of a key that was checked. */
  readonly spki: Uint8Array;
  readonly now: Date;
  /** Milliseconds from `now`; cut at the end of the CA. */
  readonly lifetimeMs: number;
  /** Source of `n` random bytes; the system's if not given. */
  readonly random?: (n: number) => Uint8Array;
}

export interface Issued {
  readonly der: Uint8Array;
  readonly pem: string;
  /** Lower-case hexadecimal. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

// Clocks of nodes that just booted may be behind.
const BACKDATE_MS = 60_000;
const SERIAL_BYTES = 16;
export const VERSION_3 = toBytes(context(0, true, integer(Uint8Array.of(2))));

/**
 * Serial number of 127 random bits: the first bit is set, so that it is positive and always of the same length (RFC 5280
 * §4.1.2.2: at most 20 octets).
 */
export function newSerial(random: (n: number) => Uint8Array = randomFromPool): Uint8Array {
  const serial = new Uint8Array(random(SERIAL_BYTES));
  serial[0] = (serial[0] ?? 0) | 0x80;
  return serial;
}

/**
 * Issues a leaf certificate from scratch: of what was asked it carries the names and the key, nothing else. Subject is the CN
 * alone: Organization would be a role of the Talos API (CVE-2022-36103). Extensions and their order are those of Go's
 * x509.CreateCertificate: KeyUsage (critical), ExtKeyUsage, AuthorityKeyId, SAN (critical where there is no subject).
 * Never a CA: basicConstraints is absent, as trustd has it.
 *
 * Throws {@link PkiError} ERR_PKI_VALIDITY where the CA is not valid at `now` or the lifetime is not above zero.
 */
export async function issueCertificate(ca: CertificateAuthority, input: IssueInput): Promise<Issued> {
  const usable = authorityUsableAt(ca, input.now);
  if (usable !== "ok") throw new PkiError("ERR_PKI_VALIDITY", `the CA is ${usable}`);
  if (!(input.lifetimeMs > 0)) throw new PkiError("ERR_PKI_VALIDITY", "the lifetime is not above zero");
  const { certificate } = ca;
  const notBefore = wholeSeconds(
    Math.max(input.now.getTime() - BACKDATE_MS, certificate.notBefore.getTime()),
  );
  const notAfter = wholeSeconds(
    Math.min(input.now.getTime() + input.lifetimeMs, certificate.notAfter.getTime()),
  );
  const serial = newSerial(input.random);
  const { names } = input;
  const tbs = sequence(
    VERSION_3,
    integer(serial),
    signatureAlgorithmDer(ca.privateKey.publicKey.type),
    certificate.subjectDer,
    sequence(time(notBefore), time(notAfter)),
    encodeName([[OID.commonName, names.commonName]]),
    input.spki,
    context(3, true, sequence(fixedExtensions(ca, input.profile), ...altNamesExtension(names))),
  );
  const der = await signTbs(ca, toBytes(tbs));
  return {
    der,
    pem: encodePem("CERTIFICATE", der),
    serialNumber: Buffer.from(serial).toString("hex"),
    notBefore,
    notAfter,
  };
}

/** Signs a certificate body and wraps it up (RFC 5280 §4.1). */
export async function signTbs(
  { privateKey }: Pick<CertificateAuthority, "privateKey">,
  tbs: Uint8Array,
): Promise<Uint8Array> {
  const { type } = privateKey.publicKey;
  const signature = await sign(type, privateKey.key, tbs);
  return toBytes(sequence(tbs, signatureAlgorithmDer(type), bitString(signature)));
}

/** KeyUsage, ExtKeyUsage and AuthorityKeyId, one after the other: the same for every leaf of one CA and profile. */
function fixedExtensions({ certificate }: CertificateAuthority, profile: LeafProfile): Uint8Array {
  let ofProfile = FIXED_EXTENSIONS.get(certificate);
  if (ofProfile === undefined) FIXED_EXTENSIONS.set(certificate, (ofProfile = new WeakMap()));
  let extensions = ofProfile.get(profile);
  if (extensions === undefined) {
    const { subjectKeyId } = certificate;
    extensions = Buffer.concat([
      toBytes(keyUsageExtension(profile.keyUsage)),
      toBytes(extendedKeyUsageExtension(profile.extendedKeyUsage)),
      ...(subjectKeyId === undefined ? [] : [toBytes(authorityKeyIdExtension(subjectKeyId))]),
    ]);
    ofProfile.set(profile, extensions);
  }
  return extensions;
}

const FIXED_EXTENSIONS = new WeakMap<Certificate, WeakMap<LeafProfile, Uint8Array>>();

function altNamesExtension(names: Names): Der[] {
  if (names.dnsNames.length + names.ipAddresses.length === 0) return [];
  return [encodeExtension(OID.subjectAltName, names.commonName === "", encodeAltNames(names))];
}

export function keyUsageExtension(usages: readonly KeyUsage[]): Der {
  return encodeExtension(OID.keyUsage, true, namedBits(usages.map((usage) => KEY_USAGES.indexOf(usage))));
}

export function extendedKeyUsageExtension(purposes: readonly string[]): Der {
  return encodeExtension(OID.extendedKeyUsage, false, sequence(...purposes.map(oid)));
}

function authorityKeyIdExtension(keyId: Uint8Array): Der {
  return encodeExtension(OID.authorityKeyIdentifier, false, sequence(context(0, false, keyId)));
}

/** Certificates count in seconds. */
export function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
