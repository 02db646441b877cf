import { PkiError } from "./errors.ts";

/** Universal tags (X.680 §8), with the constructed bit where DER demands it. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const CONSTRUCTED = 0x20;
const CLASS = 0xc0;
const TAG_NUMBER = 0x1f;

/** Ceilings of one scan. */
export interface ScanLimits {
  readonly maxBytes: number;
  readonly maxDepth: number;
  readonly maxNodes: number;
}

// A request nests 10 deep and has, with 256 names, some 350 nodes.
export const SCAN_LIMITS: ScanLimits = { maxBytes: 65_536, maxDepth: 24, maxNodes: 4096 };

/**
 * Checks that `bytes` is one DER value (X.690 §8–11) and nothing after it, before anything else looks at it: definite
 * minimal lengths, single-byte tags, no constructed strings, minimal integers and object identifiers, BOOLEAN 00 or FF,
 * NULL empty, BIT STRING padding zero, bounded depth and count. The order within SET OF is not checked: Go writes and
 * accepts any, and nothing here depends on it.
 *
 * Throws {@link PkiError} ERR_PKI_DER or ERR_PKI_TOO_LARGE with the offset in bytes.
 */
export function scanDer(bytes: Uint8Array, limits: ScanLimits = SCAN_LIMITS): void {
  if (bytes.length > limits.maxBytes) {
    throw new PkiError(
      "ERR_PKI_TOO_LARGE",
      `${bytes.length} bytes of DER, at most ${limits.maxBytes} are accepted`,
    );
  }
  const ends: number[] = [bytes.length];
  let offset = 0;
  let nodes = 0;
  while (ends.length > 0) {
    const end = ends.at(-1) ?? 0;
    if (offset === end) {
      // The outermost level is over when its first value is: what follows is trailing data.
      ends.pop();
      continue;
    }
    if (ends.length === 1 && nodes > 0) throw fault(offset, "trailing data");
    if (++nodes > limits.maxNodes) throw fault(offset, `more than ${limits.maxNodes} values`);
    const header = readHeader(bytes, offset, end);
    if ((header.tag & CONSTRUCTED) === 0) {
      checkPrimitive(header);
      offset = header.end;
      continue;
    }
    checkConstructed(header);
    if (ends.length >= limits.maxDepth) throw fault(offset, `nested deeper than ${limits.maxDepth}`);
    ends.push(header.end);
    offset = header.start;
  }
  if (nodes === 0) throw fault(0, "no value");
}

/** One value's place in `bytes`: `from` its tag, `start` and `end` its content. */
export interface DerValue {
  readonly bytes: Uint8Array;
  readonly tag: number;
  readonly from: number;
  readonly start: number;
  readonly end: number;
}

/** Reads tag and length at `offset`; the value must end by `limit`. Throws ERR_PKI_DER. */
export function readHeader(bytes: Uint8Array, offset: number, limit: number): DerValue {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined || offset + 2 > limit) throw fault(offset, "cut off");
  if ((tag & TAG_NUMBER) === TAG_NUMBER) throw fault(offset, "tag in several bytes");
  let length = first;
  let start = offset + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0) throw fault(offset, "indefinite length");
    if (count > 3) throw fault(offset, "length in more than three bytes");
    if (start + count > limit) throw fault(offset, "cut off");
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[start + i] ?? 0);
    start += count;
    if (length < 0x80 || length < 256 ** (count - 1)) throw fault(offset, "length is not minimal");
  }
  if (start + length > limit) throw fault(offset, "cut off");
  return { bytes, tag, from: offset, start, end: start + length };
}

function checkConstructed({ tag, from }: DerValue): void {
  const universal = (tag & CLASS) === 0;
  if (universal && tag !== TAG.sequence && tag !== TAG.set)
    throw fault(from, "constructed form of a primitive type");
}

function checkPrimitive({ bytes, tag, from, start, end }: DerValue): void {
  const length = end - start;
  const first = bytes[start] ?? 0;
  const second = bytes[start + 1] ?? 0;
  switch (tag) {
    case TAG.boolean:
      if (length !== 1 || (first !== 0 && first !== 0xff)) throw fault(from, "BOOLEAN is neither 00 nor FF");
      return;
    case TAG.integer:
      if (length === 0) throw fault(from, "empty INTEGER");
      if (length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
        throw fault(from, "INTEGER is not minimal");
      }
      return;
    case TAG.bitString:
      checkBitString(bytes, from, start, end);
      return;
    case TAG.null:
      if (length !== 0) throw fault(from, "NULL with content");
      return;
    case TAG.oid:
      checkOid(bytes, from, start, end);
      return;
    case TAG.sequence & ~CONSTRUCTED:
    case TAG.set & ~CONSTRUCTED:
      throw fault(from, "primitive form of a constructed type");
    case 0x00:
      throw fault(from, "end-of-contents");
    default:
  }
}

function checkBitString(bytes: Uint8Array, from: number, start: number, end: number): void {
  const unused = bytes[start] ?? 8;
  if (start === end || unused > 7 || (unused > 0 && end - start === 1))
    throw fault(from, "malformed BIT STRING");
  if (((bytes[end - 1] ?? 0) & ((1 << unused) - 1)) !== 0 && unused > 0)
    throw fault(from, "BIT STRING padding is not zero");
}

function checkOid(bytes: Uint8Array, from: number, start: number, end: number): void {
  if (start === end || (bytes[end - 1] ?? 0x80) >= 0x80) throw fault(from, "malformed OBJECT IDENTIFIER");
  for (let i = start; i < end; i++) {
    const atStart = i === start || (bytes[i - 1] ?? 0) < 0x80;
    if (atStart && bytes[i] === 0x80) throw fault(from, "OBJECT IDENTIFIER is not minimal");
  }
}

function fault(offset: number, what: string): PkiError {
  return new PkiError("ERR_PKI_DER", `byte ${offset}: ${what}`);
}
