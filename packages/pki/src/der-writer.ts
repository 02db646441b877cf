import { TAG } from "./der-scan.ts";
import { OID } from "./oids.ts";

/** DER that is there already, or a value yet to be written. `length` is that of the whole, tag and length included. */
export type Der = Uint8Array | DerNode;

/** A value yet to be written: its contents follow one another. */
interface DerNode {
  readonly tag: number;
  readonly contents: readonly Der[];
  readonly contentLength: number;
  readonly length: number;
}

/** One value: tag, minimal length, contents. {@link toBytes} writes it with all that lies inside, into one array. */
export function encode(tag: number, ...contents: readonly Der[]): DerNode {
  let contentLength = 0;
  for (const { length } of contents) contentLength += length;
  return { tag, contents, contentLength, length: contentLength + 2 + longLengthBytes(contentLength) };
}

/** The bytes of a length that follow its first one: none below 128. */
function longLengthBytes(length: number): number {
  if (length < 0x80) return 0;
  return length < 0x100 ? 1 : length < 0x1_00_00 ? 2 : 3;
}

export function toBytes(value: Der): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const out = new Uint8Array(value.length);
  write(out, 0, value);
  return out;
}

/** Answers where it stopped. */
function write(out: Uint8Array, offset: number, value: Der): number {
  if (value instanceof Uint8Array) {
    out.set(value, offset);
    return offset + value.length;
  }
  const { tag, contents, contentLength } = value;
  const lengthBytes = longLengthBytes(contentLength);
  out[offset++] = tag;
  out[offset++] = lengthBytes === 0 ? contentLength : 0x80 | lengthBytes;
  for (let shift = 8 * (lengthBytes - 1); shift >= 0; shift -= 8) out[offset++] = contentLength >> shift;
  for (const content of contents) offset = write(out, offset, content);
  return offset;
}

const ZERO = Uint8Array.of(0);
const NO_UNUSED_BITS = ZERO;

export const sequence = (...contents: readonly Der[]): Der => encode(TAG.sequence, ...contents);
export const set = (...contents: readonly Der[]): Der => encode(TAG.set, ...contents);
export const octetString = (content: Der): Der => encode(TAG.octetString, content);
export const nullValue = (): Der => encode(TAG.null);
export const trueValue = (): Der => encode(TAG.boolean, Uint8Array.of(0xff));
export const utf8String = (text: string): Der => encode(TAG.utf8String, Buffer.from(text));

export const printableString = (text: string): Der =>
  encode(TAG.printableString, Buffer.from(text, "latin1"));

/** `[number]` of context class; `constructed` for explicit tags and structures. */
export function context(number: number, constructed: boolean, ...contents: readonly Der[]): Der {
  return encode(0x80 | (constructed ? 0x20 : 0) | number, ...contents);
}

/** A non-negative INTEGER of big-endian bytes, made minimal. */
export function integer(magnitude: Uint8Array): Der {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const minimal = start === 0 ? magnitude : magnitude.subarray(start);
  if (minimal.length === 0) return encode(TAG.integer, ZERO);
  const looksNegative = (minimal[0] ?? 0) >= 0x80;
  return looksNegative ? encode(TAG.integer, ZERO, minimal) : encode(TAG.integer, minimal);
}

/** A BIT STRING of whole bytes. */
export function bitString(content: Uint8Array): Der {
  return encode(TAG.bitString, NO_UNUSED_BITS, content);
}

/** A named bit list (X.690 §11.2.2): bit 0 is the first; trailing zero bits are dropped. Bits 0 to 7 only. */
export function namedBits(bits: readonly number[]): Der {
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  if (byte === 0) return encode(TAG.bitString, NO_UNUSED_BITS);
  return encode(TAG.bitString, Uint8Array.of(7 - Math.max(...bits), byte));
}

/** An OBJECT IDENTIFIER of dotted text. The bytes may be shared: they are not to be written to. */
export function oid(dotted: string): Der {
  return KNOWN_OIDS.get(dotted) ?? encodeOid(dotted);
}

// A certificate has nine of them, nearly all of this list: encoded anew, they were a seventh of what a call allocates.
const KNOWN_OIDS: ReadonlyMap<string, Uint8Array> = new Map(
  Object.values(OID).map((dotted) => [dotted, toBytes(encodeOid(dotted))]),
);

function encodeOid(dotted: string): Der {
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
export function time(date: Date): Der {
  const iso = date.toISOString();
  const utc = date.getUTCFullYear() < 2050;
  // Of 2026-01-31T23:59:58.000Z, each number. A regular expression costs more than all else here.
  const text =
    iso.slice(utc ? 2 : 0, 4) +
    iso.slice(5, 7) +
    iso.slice(8, 10) +
    iso.slice(11, 13) +
    iso.slice(14, 16) +
    iso.slice(17, 19);
  return encode(utc ? TAG.utcTime : TAG.generalizedTime, Buffer.from(`${text}Z`));
}
