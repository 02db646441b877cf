import { childrenOf, contentOf, expect, rootOf, structure } from "./der-reader.ts";
import { scanDer, TAG } from "./der-scan.ts";
import { context, sequence, type Der } from "./der-writer.ts";
import { PkiError } from "./errors.ts";
import { ipBytesOf, ipTextOf } from "./ip-address.ts";

/** Names of a certificate or request, in the order they were written. */
export interface AltNames {
  readonly dnsNames: readonly string[];
  /** Canonical text, see {@link ipTextOf}. */
  readonly ipAddresses: readonly string[];
  /** Stable words for kinds of names that are never issued: `san-email`, `san-uri`, `san-other`. */
  readonly others: readonly ("san-email" | "san-uri" | "san-other")[];
}

export const MAX_NAMES = 256;

// GeneralName (RFC 5280 §4.2.1.6): context tags, primitive unless the type is a structure.
const RFC822 = 0x81;
const DNS = 0x82;
const URI = 0x86;
const IP = 0x87;
const OTHER: ReadonlySet<number> = new Set([0xa0, 0xa3, 0xa4, 0xa5, 0x88]);

/** Reads the value of a subjectAltName extension. Throws {@link PkiError} for bad DER, types, lengths, over 256 names. */
export function readAltNames(value: Uint8Array): AltNames {
  scanDer(value);
  const names = childrenOf(expect(rootOf(value), TAG.sequence, "alternative names"));
  if (names.length > MAX_NAMES)
    throw new PkiError("ERR_PKI_TOO_MANY_NAMES", `${names.length} names, at most ${MAX_NAMES}`);
  const dnsNames: string[] = [];
  const ipAddresses: string[] = [];
  const others = new Set<AltNames["others"][number]>();
  for (const name of names) {
    if (name.tag === DNS) dnsNames.push(asciiOf(contentOf(name)));
    else if (name.tag === IP) ipAddresses.push(ipTextOf(contentOf(name)));
    else if (name.tag === RFC822 || name.tag === URI) {
      asciiOf(contentOf(name));
      others.add(name.tag === URI ? "san-uri" : "san-email");
    } else if (OTHER.has(name.tag)) others.add("san-other");
    else throw structure(name, "alternative name");
  }
  return { dnsNames, ipAddresses, others: [...others] };
}

function asciiOf(content: Uint8Array): string {
  if (content.some((byte) => byte >= 0x80)) throw new PkiError("ERR_PKI_DNS_NAME", "name outside ASCII");
  return Buffer.from(content).toString("latin1");
}

/** Encodes the value of a subjectAltName extension: DNS names first, then addresses, as Go does. */
export function encodeAltNames(names: {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}): Der {
  return sequence(
    ...names.dnsNames.map((name) => context(DNS & 0x1f, false, Buffer.from(name))),
    ...names.ipAddresses.map((address) => context(IP & 0x1f, false, ipBytesOf(address))),
  );
}

// Letters, digits, hyphen and underscore in labels of at most 63; one leading wildcard label, for the policy to decide.
const DNS_NAME = /^(?:\*\.)?[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*$/;

/** Throws ERR_PKI_DNS_NAME for a name that no node may have: other characters, empty or long labels, over 253. */
export function checkDnsName(name: string): void {
  if (name.length > 253 || !DNS_NAME.test(name)) throw new PkiError("ERR_PKI_DNS_NAME", "malformed DNS name");
}
