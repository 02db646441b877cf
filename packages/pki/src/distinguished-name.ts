import {
  childrenOf,
  contentOf,
  expect,
  expectNoMore,
  oidOf,
  structure,
  type DerValue,
} from "./der-reader.ts";
import { TAG } from "./der-scan.ts";
import { oid, printableString, sequence, set, toBytes, utf8String, type Der } from "./der-writer.ts";
import { PkiError } from "./errors.ts";
import { OID } from "./oids.ts";

/** One attribute of a distinguished name. `text` is undefined where its type is no text that is read here. */
export interface NameAttribute {
  readonly type: string;
  readonly text: string | undefined;
}

/** The attributes of a Name (RFC 5280 §4.1.2.4), in order. */
export function readName(value: DerValue | undefined): readonly NameAttribute[] {
  const attributes: NameAttribute[] = [];
  for (const rdn of childrenOf(expect(value, TAG.sequence, "name"))) {
    for (const pair of childrenOf(expect(rdn, TAG.set, "relative name"))) {
      const [type, text, ...rest] = childrenOf(expect(pair, TAG.sequence, "name attribute"));
      expectNoMore(rest, 0, "name attribute");
      if (text === undefined) throw structure(pair, "name attribute with a value");
      attributes.push({ type: oidOf(type, "name attribute"), text: textOf(text) });
    }
  }
  return attributes;
}

const COMMON_NAME_MAX_BYTES = 255;
// Controls, invisible formatting (bidirectional overrides too), fillers, line and paragraph separators, lone surrogates.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/u;

/**
 * The one commonName of a request, "" if there is none. Longer than the 64 characters of X.520 is accepted, as Talos's
 * node names may be. Throws ERR_PKI_COMMON_NAME: not readable, hidden characters, over 255 bytes; ERR_PKI_DUPLICATE.
 */
export function commonNameOf(attributes: readonly NameAttribute[]): string {
  const [first, ...more] = attributes.filter(({ type }) => type === OID.commonName);
  if (more.length > 0) throw new PkiError("ERR_PKI_DUPLICATE", "several common names");
  if (first === undefined) return "";
  if (first.text === undefined)
    throw new PkiError("ERR_PKI_COMMON_NAME", "common name of an unsupported string type");
  if (HIDDEN.test(first.text))
    throw new PkiError("ERR_PKI_COMMON_NAME", "common name with hidden characters");
  if (Buffer.byteLength(first.text) > COMMON_NAME_MAX_BYTES) {
    throw new PkiError("ERR_PKI_COMMON_NAME", `common name over ${COMMON_NAME_MAX_BYTES} bytes`);
  }
  return first.text;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// X.680 §41.4, and the two characters beyond it that Go reads too.
const PRINTABLE = /^[A-Za-z0-9 '()+,./:=?*&-]*$/;

// NumericString, VisibleString, UniversalString, BMPString: no Talos node writes them.
const OTHER_STRINGS: ReadonlySet<number> = new Set([0x12, 0x1a, 0x1c, 0x1e]);

/** Throws ERR_PKI_STRUCTURE for text outside its type's alphabet, of attributes that are dropped too, as Go does. */
function textOf(value: DerValue): string | undefined {
  const content = contentOf(value);
  switch (value.tag) {
    case TAG.utf8String:
      try {
        return utf8.decode(content);
      } catch {
        throw structure(value, "valid UTF-8");
      }
    // TeletexString has no agreed alphabet beyond ASCII, and no Talos node writes it.
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.teletexString: {
      const text = Buffer.from(content).toString("latin1");
      const ascii = content.every((byte) => byte < 0x80);
      if (value.tag === TAG.teletexString) return ascii ? text : undefined;
      if (!ascii || (value.tag === TAG.printableString && !PRINTABLE.test(text))) {
        throw structure(value, "text of its string type's alphabet");
      }
      return text;
    }
    default:
      if (!OTHER_STRINGS.has(value.tag)) throw structure(value, "text");
      return undefined;
  }
}

/**
 * Encodes one RDN of values of one type, none for none: several make it multi-valued, as Go writes several organizations. The
 * values of a SET OF stand in the order of their encodings (X.690 §11.6).
 */
export function encodeRdn(
  type: string,
  texts: readonly string[],
  encodeText: (text: string) => Der = directoryString,
): readonly Der[] {
  const values = texts.filter((text) => text !== "").map((text) => sequence(oid(type), encodeText(text)));
  if (values.length < 2) return values.map((value) => set(value));
  return [set(...values.map(toBytes).toSorted((a, b) => Buffer.compare(a, b)))];
}

// encoding/asn1 of Go: what PrintableString can hold, `*` and `&` excepted, is one.
const GO_PRINTABLE = /^[A-Za-z0-9 '()+,./:=?-]*$/;

/** Encodes text as Go does: PrintableString where the text allows it, else UTF8String. */
function directoryString(text: string): Der {
  return GO_PRINTABLE.test(text) ? printableString(text) : utf8String(text);
}

// RFC 4514 §3, and what OpenSSL adds.
const SHORT: ReadonlyMap<string, string> = new Map([
  [OID.commonName, "CN"],
  [OID.organization, "O"],
  [OID.organizationalUnit, "OU"],
  ["2.5.4.5", "serialNumber"],
  ["2.5.4.6", "C"],
  ["2.5.4.7", "L"],
  ["2.5.4.8", "ST"],
  ["2.5.4.9", "STREET"],
  ["0.9.2342.19200300.100.1.1", "UID"],
  ["0.9.2342.19200300.100.1.25", "DC"],
  ["1.2.840.113549.1.9.1", "emailAddress"],
]);

/**
 * A name for people, such as `O=talos, CN=node-1`: characters that would pass for its structure stand behind a backslash, hidden
 * ones as `\u{…}`, so that no name can look like another or write to a terminal.
 */
export function displayName(attributes: readonly NameAttribute[]): string {
  return attributes
    .map(({ type, text }) => `${SHORT.get(type) ?? type}=${text === undefined ? "?" : escaped(text)}`)
    .join(", ");
}

const EVERY_HIDDEN = new RegExp(HIDDEN, "gu");

function escaped(text: string): string {
  return text
    .replaceAll(/[\\,=]/g, String.raw`\$&`)
    .replaceAll(EVERY_HIDDEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
