import { childrenOf, contentOf, expect, oidOf, rootOf, type DerValue } from "./der-reader.ts";
import { scanDer, TAG } from "./der-scan.ts";
import { displayName } from "./distinguished-name.ts";
import { PkiError } from "./errors.ts";
import type { Extension } from "./extensions.ts";
import { readNameLoosely } from "./inspect-name.ts";
import type { ExtensionInspection } from "./inspection.ts";
import { ipTextOf } from "./ip-address.ts";
import { KEY_USAGES } from "./known-extensions.ts";
import { EXTENSION_NAMES, nameOf, PURPOSE_NAMES } from "./oid-names.ts";
import { OID } from "./oids.ts";

/** One name of a list of GeneralName (RFC 5280 §4.2.1.6), as it stands. */
export interface GeneralName {
  readonly kind: "DNS" | "IP" | "email" | "URI" | "directory" | "other";
  readonly text: string;
}

/** What an extension says; `malformed` where it says it wrongly. Never throws but for faults of this program. */
export function inspectExtension(
  id: string,
  { critical, value }: Extension,
): { readonly extension: ExtensionInspection; readonly malformed: boolean } {
  const told = {
    id,
    name: EXTENSION_NAMES.get(id) ?? null,
    critical,
    hex: Buffer.from(value).toString("hex"),
  };
  try {
    return { extension: { ...told, text: textOf(id, value) }, malformed: false };
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    return { extension: { ...told, text: null }, malformed: true };
  }
}

/** The names of a subjectAltName's value, in order. Throws {@link PkiError}. */
export function readGeneralNames(value: Uint8Array): readonly GeneralName[] {
  return childrenOf(expect(scanned(value), TAG.sequence, "alternative names")).map(generalName);
}

const ISSUER_ALT_NAME = "2.5.29.18";
const INFO_ACCESS: ReadonlySet<string> = new Set(["1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.11"]);
const REVOCATION_LISTS: ReadonlySet<string> = new Set([OID.crlDistributionPoints, "2.5.29.46"]);

function textOf(id: string, value: Uint8Array): string | null {
  if (id === OID.subjectAltName || id === ISSUER_ALT_NAME) return listed(readGeneralNames(value));
  if (INFO_ACCESS.has(id) || REVOCATION_LISTS.has(id)) return listed(urisWithin(scanned(value)));
  switch (id) {
    case OID.keyUsage:
      return keyUsages(scanned(value)).join(", ");
    case OID.extendedKeyUsage:
      return oidsOf(scanned(value))
        .map((each) => nameOf(PURPOSE_NAMES, each))
        .join(", ");
    case OID.basicConstraints:
      return basicConstraints(scanned(value));
    case OID.subjectKeyIdentifier:
      return hexOf(expect(scanned(value), TAG.octetString, "subject key identifier"));
    case OID.authorityKeyIdentifier:
      return authorityKeyId(scanned(value));
    case OID.certificatePolicies:
      return childrenOf(expect(scanned(value), TAG.sequence, "policies"))
        .map((policy) => oidOf(childrenOf(expect(policy, TAG.sequence, "policy"))[0], "policy"))
        .join(", ");
    case OID.nameConstraints:
      return nameConstraints(scanned(value));
    default:
      return null;
  }
}

function scanned(value: Uint8Array): DerValue {
  scanDer(value);
  return rootOf(value);
}

function generalName(value: DerValue): GeneralName {
  const content = contentOf(value);
  const text = Buffer.from(content).toString("latin1");
  switch (value.tag) {
    case 0x81:
      return { kind: "email", text };
    case 0x82:
      return { kind: "DNS", text };
    case 0x86:
      return { kind: "URI", text };
    case 0x87:
      return { kind: "IP", text: addressText(content) };
    case 0xa4:
      return { kind: "directory", text: displayName(readNameLoosely(childrenOf(value)[0])) };
    default:
      return { kind: "other", text: Buffer.from(content).toString("hex") };
  }
}

/** An address, or an address and its mask as name constraints have it. */
function addressText(content: Uint8Array): string {
  const half = content.length / 2;
  if (content.length === 8 || content.length === 32) {
    return `${ipTextOf(content.subarray(0, half))}/${ipTextOf(content.subarray(half))}`;
  }
  return ipTextOf(content);
}

/** Names come from foreign files: what could write to a terminal or pass for a separator is quoted. */
function listed(names: readonly GeneralName[]): string {
  return names
    .map(({ kind, text }) => `${kind}:${/^[\x21-\x2b\x2d-\x7e]*$/.test(text) ? text : JSON.stringify(text)}`)
    .join(", ");
}

const URI = 0x86;

function urisWithin(value: DerValue): readonly GeneralName[] {
  if (value.tag === URI) return [generalName(value)];
  return (value.tag & 0x20) === 0 ? [] : childrenOf(value).flatMap(urisWithin);
}

function keyUsages(value: DerValue): readonly string[] {
  const [, first = 0, second = 0] = contentOf(expect(value, TAG.bitString, "key usage"));
  return [
    ...KEY_USAGES.filter((_, bit) => (first & (0x80 >> bit)) !== 0),
    ...((second & 0x80) === 0 ? [] : ["decipherOnly"]),
  ];
}

function oidsOf(value: DerValue): readonly string[] {
  return childrenOf(expect(value, TAG.sequence, "identifiers")).map((id) => oidOf(id, "identifier"));
}

function basicConstraints(value: DerValue): string {
  const parts = childrenOf(expect(value, TAG.sequence, "basic constraints"));
  const ca = parts.some((part) => part.tag === TAG.boolean && contentOf(part)[0] === 0xff);
  const length = parts.find(({ tag }) => tag === TAG.integer);
  return `CA:${ca ? "TRUE" : "FALSE"}${length === undefined ? "" : `, path length ${BigInt(`0x${hexOf(length)}`)}`}`;
}

function authorityKeyId(value: DerValue): string | null {
  const id = childrenOf(expect(value, TAG.sequence, "authority key identifier")).find(
    ({ tag }) => tag === 0x80,
  );
  return id === undefined ? null : hexOf(id);
}

function nameConstraints(value: DerValue): string {
  return childrenOf(expect(value, TAG.sequence, "name constraints"))
    .map((trees) => {
      const bases = childrenOf(trees).map((tree) => childrenOf(expect(tree, TAG.sequence, "subtree"))[0]);
      const names = bases.flatMap((base) => (base === undefined ? [] : [generalName(base)]));
      return `${trees.tag === 0xa0 ? "permitted" : "excluded"} ${listed(names)}`;
    })
    .join("; ");
}

const hexOf = (value: DerValue): string => Buffer.from(contentOf(value)).toString("hex");
