/**
 * - `ERR_KEYRING_ABSENT`: there is no file, and none was to be made
 * - `ERR_KEYRING_DAMAGED`: a keyring that is cut, changed or not whole
 * - `ERR_KEYRING_FOREIGN`: a file that is no keyring
 * - `ERR_KEYRING_VERSION`: a keyring of a newer format
 * - `ERR_KEYRING_CHANGED`: the file has lost keys that this process holds, such as after an old backup was put back
 * - `ERR_KEYRING_LOCKED`: another process is writing, or ended while it was
 * - `ERR_KEYRING_FULL`: as many keys as fit
 * - `ERR_KEYRING_FILE`: the system could not read or write; see `cause`
 * - `ERR_KEYRING_UUID`: the node's UUID is none
 * - `ERR_KEYRING_SIZE`: more data than is sealed
 * - `ERR_KEYRING_MALFORMED`: a text that does not begin as a ciphertext of this package does
 * - `ERR_KEYRING_REFUSED`: a ciphertext of another node, of an unknown key, cut or changed; which of them is not told
 */
export type KeyringErrorCode =
  | "ERR_KEYRING_ABSENT"
  | "ERR_KEYRING_DAMAGED"
  | "ERR_KEYRING_FOREIGN"
  | "ERR_KEYRING_VERSION"
  | "ERR_KEYRING_CHANGED"
  | "ERR_KEYRING_LOCKED"
  | "ERR_KEYRING_FULL"
  | "ERR_KEYRING_FILE"
  | "ERR_KEYRING_UUID"
  | "ERR_KEYRING_SIZE"
  | "ERR_KEYRING_MALFORMED"
  | "ERR_KEYRING_REFUSED";

/** The one error of this package. Messages may name a file; they never hold a key, a plaintext or a ciphertext. */
export class KeyringError extends Error {
  override readonly name = "KeyringError";
  readonly code: KeyringErrorCode;

  constructor(code: KeyringErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
