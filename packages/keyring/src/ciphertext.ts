import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";
import { KeyringError } from "./errors.ts";

/** Bytes of data that are sealed at most. A node's disk key has 32. */
export const MAX_DATA_BYTES = 65_536;

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = "aes-256-gcm";
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const PREFIX = /^tbk:v1:(?<version>[1-9][0-9]{0,8}):/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** The prefix at its longest, and the base64 of the largest ciphertext. */
const MAX_TEXT_LENGTH = 32 + Math.ceil((NONCE_BYTES + MAX_DATA_BYTES + TAG_BYTES) / 3) * 4;

/** One AES-256 key. Versions count from 1; a text names the version of its key. */
export interface VersionedKey {
  readonly version: number;
  readonly key: KeyObject;
}

/** `tbk:v1:KEYVERSION:` and the base64 of nonce ‖ ciphertext ‖ tag, bound to the node by its UUID as associated data. */
export function sealWith(
  { version, key }: VersionedKey,
  uuid: string,
  data: Uint8Array,
  nonce: Uint8Array,
): string {
  const associated = associatedData(uuid);
  if (data.length > MAX_DATA_BYTES) {
    throw new KeyringError("ERR_KEYRING_SIZE", `at most ${MAX_DATA_BYTES} bytes are sealed`);
  }
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(associated);
  const sealed = Buffer.concat([nonce, cipher.update(data), cipher.final(), cipher.getAuthTag()]);
  return `tbk:v1:${version}:${sealed.toString("base64")}`;
}

/** The opposite. Past the prefix every fault is the same fault, so that nobody learns which one it was. */
export function unsealWith(
  keys: ReadonlyMap<number, VersionedKey>,
  uuid: string,
  text: string,
): Buffer<ArrayBuffer> {
  const associated = associatedData(uuid);
  const prefix = PREFIX.exec(text);
  if (prefix === null) throw new KeyringError("ERR_KEYRING_MALFORMED", "is no ciphertext of a keyring");
  const key = keys.get(Number(prefix.groups?.["version"]))?.key;
  const sealed = decodeBase64(text, prefix[0].length);
  if (key === undefined || sealed === undefined || sealed.length < NONCE_BYTES + TAG_BYTES) throw refused();

  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(associated)
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  const data = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
  } catch {
    // Node's message would add nothing, and data is not genuine: neither may leave.
    throw refused();
  }
  return data;
}

function refused(): KeyringError {
  return new KeyringError("ERR_KEYRING_REFUSED", "the ciphertext is not this node's, or is not whole");
}

/** Without the comparison, stray bits of the last character would make many texts of one ciphertext. */
function decodeBase64(text: string, from: number): Buffer | undefined {
  if (text.length > MAX_TEXT_LENGTH) return undefined;
  const base64 = text.slice(from);
  if (!BASE64.test(base64)) return undefined;
  const bytes = Buffer.from(base64, "base64");
  return bytes.toString("base64") === base64 ? bytes : undefined;
}

function associatedData(uuid: string): Buffer {
  if (!UUID.test(uuid)) throw new KeyringError("ERR_KEYRING_UUID", "the node's UUID is none");
  return Buffer.from(uuid.toLowerCase(), "latin1");
}
