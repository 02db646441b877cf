import { PemError } from "./errors.ts";
import { DEFAULT_MAX_BLOCKS, DEFAULT_MAX_BYTES } from "./limits.ts";

/** One decoded block: the words between `-----BEGIN ` and `-----`, and the bytes the body stands for. */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

export interface DecodeOptions {
  /** Ceiling in bytes, checked before anything else; 256 KiB if not given. */
  readonly maxBytes?: number;
  /** Most blocks accepted; 128 if not given. */
  readonly maxBlocks?: number;
  /** What to do with text outside blocks (CA bundles carry comments): `refuse` if not given. */
  readonly textOutside?: "refuse" | "ignore";
}

const BEGIN = "-----BEGIN ";
const END = "-----END ";
const DASHES = "-----";
// RFC 7468 §3: printable characters but the hyphen-minus, single spaces or hyphens between words.
const LABEL = /^[!-,.-~]+(?:[ -][!-,.-~]+)*$/;

/**
 * Decodes all PEM blocks of a text (RFC 7468), strictly and in one pass over its lines. Accepted besides the blocks: a
 * leading byte order mark, CRLF line ends, white space around blocks and at line ends, any line width.
 *
 * Takes text or its bytes; returns the blocks in order. Throws {@link PemError}: too large, no block, too many, other
 * text outside, headers (as in encrypted keys), an END that doesn't match, a body that is not canonical base64.
 */
export function decodePem(input: string | Uint8Array, options: DecodeOptions = {}): readonly PemBlock[] {
  const { maxBytes = DEFAULT_MAX_BYTES, maxBlocks = DEFAULT_MAX_BLOCKS, textOutside = "refuse" } = options;
  const size = typeof input === "string" ? Buffer.byteLength(input) : input.byteLength;
  if (size > maxBytes)
    throw new PemError("ERR_PEM_TOO_LARGE", `${size} bytes, at most ${maxBytes} are accepted`);

  const blocks: PemBlock[] = [];
  const lines = linesOf(input);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (!line.startsWith(BEGIN)) {
      if (line !== "" && textOutside === "refuse") {
        throw new PemError("ERR_PEM_TEXT_OUTSIDE", `line ${i + 1}: text outside a block`);
      }
      continue;
    }
    if (blocks.length === maxBlocks) {
      throw new PemError(
        "ERR_PEM_TOO_MANY_BLOCKS",
        `line ${i + 1}: more than ${maxBlocks} block${maxBlocks === 1 ? "" : "s"}`,
      );
    }
    const label = labelOf(line, BEGIN, i);
    const end = endOf(lines, i);
    if (labelOf(lines[end] ?? "", END, end) !== label) {
      throw new PemError("ERR_PEM_LABEL", `line ${end + 1}: END does not match BEGIN of line ${i + 1}`);
    }
    blocks.push({ label, der: bodyOf(lines, i + 1, end) });
    i = end;
  }
  if (blocks.length === 0) throw new PemError("ERR_PEM_NO_BLOCK", "no PEM block");
  return blocks;
}

/**
 * Decodes a text that is exactly one block with one of these labels; throws {@link PemError} otherwise.
 */
export function decodeSinglePem(
  input: string | Uint8Array,
  options: { readonly labels: readonly string[]; readonly maxBytes?: number },
): PemBlock {
  const { labels, ...limits } = options;
  const [block] = decodePem(input, { ...limits, maxBlocks: 1 });
  if (block === undefined || !labels.includes(block.label)) {
    throw new PemError("ERR_PEM_LABEL", `the block has none of the labels ${labels.join(", ")}`);
  }
  return block;
}

function linesOf(input: string | Uint8Array): string[] {
  // Latin-1 keeps one character a byte, so nothing outside ASCII can turn into something that matters.
  const text =
    typeof input === "string"
      ? input
      : Buffer.from(input.buffer, input.byteOffset, input.byteLength).toString("latin1");
  const start = text.startsWith("\u{feff}") ? 1 : text.startsWith("\u00ef\u00bb\u00bf") ? 3 : 0;
  return text.slice(start).split("\n").map(trimLine);
}

/** Drops ASCII white space at both ends; `String.trim` would also take what is no white space in a file of bytes. */
function trimLine(line: string): string {
  let start = 0;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start++;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
  return start === 0 && end === line.length ? line : line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function labelOf(line: string, prefix: string, index: number): string {
  const label = line.slice(prefix.length, -DASHES.length);
  if (!line.startsWith(prefix) || !line.endsWith(DASHES) || !LABEL.test(label)) {
    throw new PemError("ERR_PEM_LABEL", `line ${index + 1}: malformed ${prefix.slice(5, -1)} line`);
  }
  return label;
}

/** Index of the block's END line. A BEGIN before it means the END is missing: no second scan can start there. */
function endOf(lines: readonly string[], begin: number): number {
  for (let i = begin + 1; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (line.startsWith(END)) return i;
    if (line.startsWith(BEGIN)) break;
  }
  throw new PemError("ERR_PEM_UNTERMINATED", `line ${begin + 1}: block without END`);
}

function bodyOf(lines: readonly string[], from: number, to: number): Uint8Array {
  let text = "";
  for (let i = from; i < to; i++) text += lines[i] ?? "";
  const der = Buffer.from(text, "base64");
  // Node skips what is no base64. Comparing with what these bytes encode to refuses that, wrong padding and stray bits.
  if (text === "" || der.toString("base64") !== text) throw notBase64(lines, from, to);
  return new Uint8Array(der.buffer, der.byteOffset, der.byteLength);
}

function notBase64(lines: readonly string[], from: number, to: number): PemError {
  for (let i = from; i < to; i++) {
    if (lines[i]?.includes(":"))
      return new PemError("ERR_PEM_HEADERS", `line ${i + 1}: headers are not accepted`);
  }
  return new PemError("ERR_PEM_BASE64", `line ${from + 1}: the body is not canonical base64`);
}
