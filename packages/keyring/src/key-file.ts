import { createHash, createSecretKey } from "node:crypto";
import type { VersionedKey } from "./ciphertext.ts";
import { KeyringError } from "./errors.ts";

/** Keys that one file holds at most. */
export const MAX_KEYS = 1_000;

const FORMAT = "talos-bridge keyring";
const VERSION = 1;
const KEY_BYTES = 32;
/** How every file of this package begins: what does not is somebody else's. */
const HEAD = `{\n  "format": ${JSON.stringify(FORMAT)},`;

interface KeyRow {
  readonly version: number;
  /** Base64. */
  readonly key: string;
}

/**
 * The text of a keyring file: JSON with `format`, `version`, `keys` (versions 1, 2, 3 … with the base64 of 32 bytes each)
 * and `checksum`, the SHA-256 of the compact JSON of the three before it. The checksum finds damage; it stops nobody who
 * can write the file.
 */
export function encodeKeyFile(keys: readonly VersionedKey[]): Buffer {
  const rows = keys.map(({ version, key }) => ({ version, key: key.export().toString("base64") }));
  const content = { format: FORMAT, version: VERSION, keys: rows };
  return Buffer.from(`${JSON.stringify({ ...content, checksum: checksum(rows) }, null, 2)}\n`);
}

/**
 * Reads what {@link encodeKeyFile} wrote, and nothing else.
 *
 * @returns at least one key, by rising version without gaps
 * @throws KeyringError `ERR_KEYRING_DAMAGED`, `ERR_KEYRING_FOREIGN`, `ERR_KEYRING_VERSION`
 */
export function decodeKeyFile(bytes: Buffer): readonly VersionedKey[] {
  const text = bytes.toString("latin1");
  const content = parseObject(text);
  if (content === undefined ? !looksCut(text) : content["format"] !== FORMAT) {
    throw new KeyringError("ERR_KEYRING_FOREIGN", "is no keyring");
  }
  if (content === undefined) throw damaged("is no JSON any more");
  const { version, keys, checksum: stated, ...others } = content;
  if (Number.isSafeInteger(version) && Number(version) > VERSION) {
    throw new KeyringError(
      "ERR_KEYRING_VERSION",
      `has format version ${Number(version)}, newer than ${VERSION}`,
    );
  }
  if (version !== VERSION || !Array.isArray(keys) || Object.keys(others).length !== 1) {
    throw damaged("has other fields than a keyring");
  }
  if (keys.length < 1 || keys.length > MAX_KEYS) throw damaged("has no keys, or too many");
  const rows = keys.map((row: unknown, index) => readRow(row, index + 1));
  if (stated !== checksum(rows)) throw damaged("does not match its checksum");
  return rows.map((row) => ({ version: row.version, key: secretKey(Buffer.from(row.key, "base64")) }));
}

export function secretKey(bytes: Uint8Array): VersionedKey["key"] {
  if (bytes.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
  return createSecretKey(bytes);
}

function readRow(row: unknown, version: number): KeyRow {
  if (isObject(row) && row["version"] === version && Object.keys(row).length === 2) {
    const { key } = row;
    const bytes = typeof key === "string" ? Buffer.from(key, "base64") : undefined;
    if (bytes?.length === KEY_BYTES && bytes.toString("base64") === key) return { version, key };
  }
  throw damaged(`has no sound key ${version}`);
}

function checksum(rows: readonly KeyRow[]): string {
  // Built anew field by field, so that neither the order of fields in the file nor its white space counts.
  const keys = rows.map(({ version, key }) => ({ version, key }));
  const content = JSON.stringify({ format: FORMAT, version: VERSION, keys });
  return createHash("sha256").update(content).digest("hex");
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    // Other JSON than an object is not ours either; it need not be told from an object without a format.
    return isObject(value) ? value : {};
  } catch {
    return undefined; // the parser's message would hold some of the text
  }
}

/** A keyring that lost its end, or a file that a crash left empty or filled with zeros. */
function looksCut(text: string): boolean {
  return text.startsWith(HEAD) || HEAD.startsWith(text) || text.startsWith("\0");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function damaged(what: string): KeyringError {
  return new KeyringError("ERR_KEYRING_DAMAGED", what);
}
