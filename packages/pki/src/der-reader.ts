import { readHeader, TAG, type DerValue } from "./der-scan.ts";
import { PkiError } from "./errors.ts";

export type { DerValue } from "./der-scan.ts";

/** The one value that scanned bytes hold. */
export function rootOf(bytes: Uint8Array): DerValue {
  return readHeader(bytes, 0, bytes.length);
}

/** The values inside a constructed one, in order. */
export function childrenOf({ bytes, start, end }: DerValue): DerValue[] {
  const children: DerValue[] = [];
  for (let offset = start; offset < end;) {
    const value = readHeader(bytes, offset, end);
    children.push(value);
    offset = value.end;
  }
  return children;
}

/** The content of a value, without tag and length. A view, not a copy. */
export function contentOf({ bytes, start, end }: DerValue): Uint8Array {
  return bytes.subarray(start, end);
}

/** The whole value, tag and length included. A view, not a copy. */
export function wholeOf({ bytes, from, end }: DerValue): Uint8Array {
  return bytes.subarray(from, end);
}

/** The value if it has this tag; else throws ERR_PKI_STRUCTURE naming `what` was expected. */
export function expect(value: DerValue | undefined, tag: number, what: string): DerValue {
  if (value?.tag !== tag) throw structure(value, what);
  return value;
}

/** Throws ERR_PKI_STRUCTURE where values are left over. */
export function expectNoMore(values: readonly DerValue[], count: number, what: string): void {
  const extra = values[count];
  if (extra !== undefined) throw structure(extra, `nothing after ${what}`);
}

export function structure(value: DerValue | undefined, what: string): PkiError {
  return new PkiError(
    "ERR_PKI_STRUCTURE",
    `${value === undefined ? "" : `byte ${value.from}: `}${what} expected`,
  );
}

// As Go has it. What is known here lies far below.
const MAX_ARC = 2 ** 31 - 1;

/** Dotted text of an OBJECT IDENTIFIER. */
export function oidOf(value: DerValue | undefined, what: string): string {
  const content = contentOf(expect(value, TAG.oid, what));
  let dotted = "";
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (arc > MAX_ARC) throw structure(value, `${what} of arcs below 2^31`);
    if (byte >= 0x80) continue;
    if (dotted === "") {
      // The first two arcs are one number (X.690 §8.19.4).
      const first = Math.min(Math.floor(arc / 40), 2);
      dotted = `${first}.${arc - 40 * first}`;
    } else dotted += `.${arc}`;
    arc = 0;
  }
  return dotted;
}

/** Whole bytes of a BIT STRING that has no unused bits. */
export function bitsOf(value: DerValue | undefined, what: string): Uint8Array {
  const content = contentOf(expect(value, TAG.bitString, what));
  if (content[0] !== 0) throw structure(value, `${what} of whole bytes`);
  return content.subarray(1);
}

/** Magnitude of a positive INTEGER, without its leading zero. */
export function positiveOf(value: DerValue | undefined, what: string): Uint8Array {
  const content = contentOf(expect(value, TAG.integer, what));
  if ((content[0] ?? 0x80) >= 0x80) throw structure(value, `positive ${what}`);
  return content[0] === 0 ? content.subarray(1) : content;
}
