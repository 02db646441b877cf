import { childrenOf, contentOf, expect, oidOf, type DerValue } from "./der-reader.ts";
import { TAG } from "./der-scan.ts";
import { displayName, type NameAttribute } from "./distinguished-name.ts";
import type { NamesInspection } from "./inspection.ts";
import { OID } from "./oids.ts";

const BMP_STRING = 0x1e;
const UNIVERSAL_STRING = 0x1c;

/**
 * The attributes of a Name whatever their text: broken UTF-8 gets replacement characters, older string types are read as what
 * they mostly hold. For showing; what is decided on is read by `readName`.
 */
export function readNameLoosely(value: DerValue | undefined): readonly NameAttribute[] {
  return childrenOf(expect(value, TAG.sequence, "name"))
    .flatMap((rdn) => childrenOf(expect(rdn, TAG.set, "relative name")))
    .map((pair) => {
      const [type, text] = childrenOf(expect(pair, TAG.sequence, "name attribute"));
      return { type: oidOf(type, "name attribute"), text: text && looseText(text) };
    });
}

function looseText(value: DerValue): string {
  const content = Buffer.from(contentOf(value));
  switch (value.tag) {
    case TAG.utf8String:
      return content.toString("utf8");
    case BMP_STRING:
      return content.length % 2 === 0 ? content.swap16().toString("utf16le") : content.toString("latin1");
    case UNIVERSAL_STRING:
      return fourByteText(content) ?? content.toString("latin1");
    default:
      return content.toString("latin1");
  }
}

function fourByteText(content: Buffer): string | undefined {
  if (content.length % 4 !== 0) return undefined;
  const points = Array.from({ length: content.length / 4 }, (_, i) => content.readUInt32BE(4 * i));
  return points.every((point) => point <= 0x10ffff) ? String.fromCodePoint(...points) : undefined;
}

/** Subject and alternative names, sorted by kind. */
export function inspectNames(
  subject: readonly NameAttribute[],
  names: readonly { readonly kind: string; readonly text: string }[],
): NamesInspection {
  const texts = (type: string): string[] =>
    subject.flatMap((each) => (each.type === type && each.text !== undefined ? [each.text] : []));
  const kind = (wanted: string): string[] =>
    names.flatMap((each) => (each.kind === wanted ? [each.text] : []));
  return {
    subject: displayName(subject),
    commonName: texts(OID.commonName)[0] ?? null,
    organizations: texts(OID.organization),
    dnsNames: kind("DNS"),
    ipAddresses: kind("IP"),
    emailAddresses: kind("email"),
    uris: kind("URI"),
  };
}
