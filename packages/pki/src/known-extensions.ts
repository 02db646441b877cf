import {
  childrenOf,
  contentOf,
  expect,
  expectNoMore,
  oidOf,
  positiveOf,
  rootOf,
  type DerValue,
} from "./der-reader.ts";
import { scanDer, TAG } from "./der-scan.ts";
import type { Extension } from "./extensions.ts";
import { OID } from "./oids.ts";
import { readAltNames } from "./subject-alt-name.ts";

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

/** What a certificate's extensions say of it (RFC 5280 §4.2.1). */
export interface KnownExtensions {
  readonly isCa: boolean;
  /** How many CAs may stand between this one and a leaf; undefined = any number. */
  readonly pathLength: number | undefined;
  /** Undefined = the extension is not there, so all usages are allowed. */
  readonly keyUsage: readonly KeyUsage[] | undefined;
  /** Dotted identifiers; undefined = not restricted. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** Whether it is a CA for some names only. */
  readonly nameConstraints: boolean;
  /** Dotted identifiers of extensions that are marked critical and not understood here: who verifies has to refuse. */
  readonly unhandledCritical: readonly string[];
  readonly subjectKeyId: Uint8Array | undefined;
  readonly authorityKeyId: Uint8Array | undefined;
  readonly dnsNames: readonly string[];
  /** Canonical text. */
  readonly ipAddresses: readonly string[];
}

const KEY_IDENTIFIER = 0x80;

/** Extensions that may be critical without harm to who verifies here. */
export const HANDLED_EXTENSIONS: ReadonlySet<string> = new Set([
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectAltName,
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
  OID.nameConstraints,
  // Neither policies nor revocation lists are looked at here, and neither widens what a certificate may do.
  OID.certificatePolicies,
  OID.crlDistributionPoints,
]);

/** Throws {@link PkiError} for bad DER and structure, names outside their rules, a negative path length. */
export function readKnownExtensions(extensions: ReadonlyMap<string, Extension>): KnownExtensions {
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
  const authorityId = authority && childrenOf(expect(authority, TAG.sequence, "authority key identifier"))[0];
  return {
    ...(basic === undefined ? { isCa: false, pathLength: undefined } : readBasicConstraints(basic)),
    keyUsage: usage && readKeyUsage(usage),
    extendedKeyUsage:
      extended &&
      childrenOf(expect(extended, TAG.sequence, "extended key usage")).map((id) => oidOf(id, "key purpose")),
    nameConstraints: extensions.has(OID.nameConstraints),
    unhandledCritical: [...extensions]
      .filter(([id, { critical }]) => critical && !HANDLED_EXTENSIONS.has(id))
      .map(([id]) => id),
    subjectKeyId: subjectKeyId && contentOf(expect(subjectKeyId, TAG.octetString, "subject key identifier")),
    authorityKeyId: authorityId?.tag === KEY_IDENTIFIER ? contentOf(authorityId) : undefined,
    dnsNames: names?.dnsNames ?? [],
    ipAddresses: names?.ipAddresses ?? [],
  };
}

function readBasicConstraints(value: DerValue): Pick<KnownExtensions, "isCa" | "pathLength"> {
  const parts = childrenOf(expect(value, TAG.sequence, "basic constraints"));
  const ca = parts[0]?.tag === TAG.boolean ? parts.shift() : undefined;
  const pathLength = parts[0]?.tag === TAG.integer ? parts.shift() : undefined;
  expectNoMore(parts, 0, "basic constraints");
  return {
    isCa: ca !== undefined && contentOf(ca)[0] === 0xff,
    pathLength: pathLength && numberOf(positiveOf(pathLength, "path length")),
  };
}

function readKeyUsage(value: DerValue): readonly KeyUsage[] {
  const bits = contentOf(expect(value, TAG.bitString, "key usage"))[1] ?? 0;
  return KEY_USAGES.filter((_, bit) => (bits & (0x80 >> bit)) !== 0);
}

function numberOf(magnitude: Uint8Array): number {
  return magnitude.reduce((sum, byte) => sum * 256 + byte, 0);
}
