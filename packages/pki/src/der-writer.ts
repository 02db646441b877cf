import { TAG } from "./der-scan.ts";
import { OID } from "./oids.ts";

/** Encodes one value: tag, minimal length, content. */
export function encode(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const content of contents) length += content.length;
  const header = length < 0x80 ? [tag, length] : longHeader(tag, length);
  const out = new Uint8Array(header.length + length);
  out.set(header);
  let offset = header.length;
  for (const content of contents) {
    out.set(content, offset);
    offset += content.length;
  }
  return out;
}

function longHeader(tag: number, length: number): number[] {
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [tag, 0x80 | bytes.length, ...bytes];
}

export const sequence = (...contents: readonly Uint8Array[]): Uint8Array => encode(TAG.sequence, ...contents);
export const set = (...contents: readonly Uint8Array[]): Uint8Array => encode(TAG.set, ...contents);
export const octetString = (content: Uint8Array): Uint8Array => encode(TAG.octetString, content);
export const nullValue = (): Uint8Array => encode(TAG.null);
export const trueValue = (): Uint8Array => encode(TAG.boolean, Uint8Array.of(0xff));
export const utf8String = (text: string): Uint8Array =>
  encode(TAG.utf8String, new TextEncoder().encode(text));

export const printableString = (text: string): Uint8Array =>
  encode(TAG.printableString, Buffer.from(text, "latin1"));

/** `[number]` of context class; `constructed` for explicit tags and structures. */
export function context(
  number: number,
  constructed: boolean,
  ...contents: readonly Uint8Array[]
): Uint8Array {
  return encode(0x80 | (constructed ? 0x20 : 0) | number, ...contents);
}

/** A non-negative INTEGER of big-endian bytes, made minimal. */
export function integer(magnitude: Uint8Array): Uint8Array {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const minimal = magnitude.subarray(start);
  const negative = (minimal[0] ?? 0) >= 0x80;
  return encode(
    TAG.integer,
    negative ? Uint8Array.of(0) : Uint8Array.of(),
    minimal.length === 0 ? Uint8Array.of(0) : minimal,
  );
}

/** A BIT STRING of whole bytes. */
export function bitString(content: Uint8Array): Uint8Array {
  return encode(TAG.bitString, Uint8Array.of(0), content);
}

/** A named bit list (X.690 §11.2.2): bit 0 is the first; trailing zero bits are dropped. Bits 0 to 7 only. */
export function namedBits(bits: readonly number[]): Uint8Array {
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  if (byte === 0) return encode(TAG.bitString, Uint8Array.of(0));
  return encode(TAG.bitString, Uint8Array.of(7 - Math.max(...bits), byte));
}

/** An OBJECT IDENTIFIER of dotted text. The bytes may be shared: they are not to be written to. */
export function oid(dotted: string): Uint8Array {
  return KNOWN_OIDS.get(dotted) ?? encodeOid(dotted);
}

// A certificate has nine of them, nearly all of this list: encoded anew, they were a seventh of what a call allocates.
const KNOWN_OIDS: ReadonlyMap<string, Uint8Array> = new Map(
  Object.values(OID).map((dotted) => [dotted, encodeOid(dotted)]),
);

function encodeOid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const content: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const septets = [arc & 0x7f];
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128))
      septets.unshift(0x80 | (high & 0x7f));
    content.push(...septets);
  }
  return encode(TAG.oid, Uint8Array.from(content));
}

/** A Time of RFC 5280 §4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050 on; whole seconds, UTC. */
export function time(date: Date): Uint8Array {
  const text = `${date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`;
  const utc = date.getUTCFullYear() < 2050;
  return encode(
    utc ? TAG.utcTime : TAG.generalizedTime,
    new TextEncoder().encode(utc ? text.slice(2) : text),
  );
}
