import { decodeSinglePem, PemError, type PemBlock } from "@talos-bridge/pem";
import {
  bitsOf,
  childrenOf,
  contentOf,
  expect,
  expectNoMore,
  oidOf,
  rootOf,
  wholeOf,
  type DerValue,
} from "./der-reader.ts";
import { scanDer, TAG } from "./der-scan.ts";
import { commonNameOf, readName, type NameAttribute } from "./distinguished-name.ts";
import { PkiError } from "./errors.ts";
import { readExtensions, type Extension } from "./extensions.ts";
import { isUnusable } from "./ip-address.ts";
import { OID } from "./oids.ts";
import { readPublicKey, type PublicKey } from "./public-key.ts";
import { readSignatureAlgorithm, verifySignature } from "./signature.ts";
import { checkDnsName, readAltNames, type AltNames } from "./subject-alt-name.ts";

/** A request whose signature was verified and whose every name and key passed the rules. Nothing else of it is kept. */
export interface CertificateRequest {
  /** "" if there is none. */
  readonly commonName: string;
  /** As asked, in order; a wildcard may be among them. */
  readonly dnsNames: readonly string[];
  /** Canonical text, in order. */
  readonly ipAddresses: readonly string[];
  readonly publicKey: PublicKey;
  /** Stable words for what was asked for and is never issued, each once. */
  readonly dropped: readonly DroppedPart[];
}

export type DroppedPart =
  | "organization"
  | "organizational-unit"
  | "subject-other"
  | "san-email"
  | "san-uri"
  | "san-other"
  | "extension"
  | "attribute";

/** 256 names of 60 bytes and an RSA-8192 key are 24 KiB as PEM; a worker's request is under 2 KiB. */
export const MAX_REQUEST_BYTES = 32_768;

const LABELS = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
const ATTRIBUTES = 0xa0;

/**
 * Reads and verifies a PKCS#10 request (RFC 2986): one PEM block of at most 32 KiB, strict DER, version 0, no duplicate
 * attributes or extensions, an allowed key and signature algorithm, proof of possession over the received bytes, at most
 * 256 names of allowed shapes.
 *
 * Throws {@link PkiError}; each code means the request is at fault, and the process never is.
 */
export function readCertificateRequest(pem: Uint8Array | string): CertificateRequest {
  const { der } = decodeRequestPem(pem);
  scanDer(der);
  const parts = childrenOf(expect(rootOf(der), TAG.sequence, "certificate request"));
  const [infoValue, algorithmValue, signature] = parts;
  expectNoMore(parts, 3, "certificate request");
  const info = expect(infoValue, TAG.sequence, "request info");
  const [version, subject, spki, attributes, ...rest] = childrenOf(info);
  expectNoMore(rest, 0, "request info");
  checkVersion(version);

  const algorithm = readSignatureAlgorithm(algorithmValue);
  const publicKey = readPublicKey(spki);
  const name = readName(subject);
  const requested = readAttributes(attributes);
  const names = readRequestedNames(requested.extensions);
  const commonName = commonNameOf(name);
  for (const dnsName of names.dnsNames) checkDnsName(dnsName);
  if (names.ipAddresses.some(isUnusable)) {
    throw new PkiError("ERR_PKI_IP_ADDRESS", "unspecified, multicast or broadcast address");
  }
  // Last, since it costs most: everything above is refused without any maths.
  if (!verifySignature(algorithm, publicKey, wholeOf(info), bitsOf(signature, "signature"))) {
    throw new PkiError("ERR_PKI_SIGNATURE", "the signature does not verify");
  }
  const { dnsNames, ipAddresses } = names;
  return { commonName, dnsNames, ipAddresses, publicKey, dropped: droppedFrom(name, requested, names) };
}

function decodeRequestPem(pem: Uint8Array | string): PemBlock {
  try {
    return decodeSinglePem(pem, { labels: LABELS, maxBytes: MAX_REQUEST_BYTES });
  } catch (cause) {
    if (!(cause instanceof PemError)) throw cause;
    const code = cause.code === "ERR_PEM_TOO_LARGE" ? "ERR_PKI_TOO_LARGE" : "ERR_PKI_PEM";
    throw new PkiError(code, `not one PEM certificate request: ${cause.message}`, { cause });
  }
}

function checkVersion(value: DerValue | undefined): void {
  const content = contentOf(expect(value, TAG.integer, "version"));
  if (content.length !== 1 || content[0] !== 0)
    throw new PkiError("ERR_PKI_VERSION", "request version is not 0");
}

interface RequestedAttributes {
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly hasOthers: boolean;
}

function readAttributes(value: DerValue | undefined): RequestedAttributes {
  const seen = new Set<string>();
  let extensions: ReadonlyMap<string, Extension> = new Map();
  for (const attribute of childrenOf(expect(value, ATTRIBUTES, "attributes"))) {
    const [type, values, ...rest] = childrenOf(expect(attribute, TAG.sequence, "attribute"));
    expectNoMore(rest, 0, "attribute");
    const id = oidOf(type, "attribute");
    const content = childrenOf(expect(values, TAG.set, "attribute values"));
    if (seen.has(id)) throw new PkiError("ERR_PKI_DUPLICATE", `attribute ${id} twice`);
    seen.add(id);
    if (id !== OID.extensionRequest) continue;
    expectNoMore(content, 1, "one list of extensions");
    extensions = readExtensions(content[0]);
  }
  seen.delete(OID.extensionRequest);
  return { extensions, hasOthers: seen.size > 0 };
}

const NO_NAMES: AltNames = { dnsNames: [], ipAddresses: [], others: [] };

function readRequestedNames(extensions: ReadonlyMap<string, Extension>): AltNames {
  const extension = extensions.get(OID.subjectAltName);
  return extension === undefined ? NO_NAMES : readAltNames(extension.value);
}

/** What a certificate never carries, whatever was asked: roles travel in Organization (CVE-2022-36103). */
function droppedFrom(
  subject: readonly NameAttribute[],
  { extensions, hasOthers }: RequestedAttributes,
  names: AltNames,
): readonly DroppedPart[] {
  const dropped = new Set<DroppedPart>();
  for (const { type } of subject) {
    if (type === OID.organization) dropped.add("organization");
    else if (type === OID.organizationalUnit) dropped.add("organizational-unit");
    else if (type !== OID.commonName) dropped.add("subject-other");
  }
  for (const word of names.others) dropped.add(word);
  if ([...extensions.keys()].some((id) => id !== OID.subjectAltName)) dropped.add("extension");
  if (hasOthers) dropped.add("attribute");
  return [...dropped];
}
