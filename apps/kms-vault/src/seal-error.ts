/**
 * Why a key was not sealed or unsealed, in the words the service branches on:
 *
 * - `ERR_KMS_MALFORMED`: the data does not begin as a ciphertext of this backend does
 * - `ERR_KMS_REFUSED`: a ciphertext of another node, of no node, cut or changed; which of them is not told
 * - `ERR_KMS_UNKNOWN_NODE`: the node has no key, and none is made
 * - `ERR_KMS_FORBIDDEN`: the backend's policy forbids it
 * - `ERR_KMS_KEY_UNUSABLE`: the node's key can't seal at all, such as one made for signatures
 * - `ERR_KMS_NOT_UNSEALABLE`: what was sealed did not come back the same: nothing may be encrypted with such a key
 * - `ERR_KMS_UNAVAILABLE`: not now; the same call may work later
 * - `ERR_KMS_ABORTED`: the caller went away
 */
export type SealErrorCode =
  | "ERR_KMS_MALFORMED"
  | "ERR_KMS_REFUSED"
  | "ERR_KMS_UNKNOWN_NODE"
  | "ERR_KMS_FORBIDDEN"
  | "ERR_KMS_KEY_UNUSABLE"
  | "ERR_KMS_NOT_UNSEALABLE"
  | "ERR_KMS_UNAVAILABLE"
  | "ERR_KMS_ABORTED";

/** What a backend throws. The cause is for the log; nothing here holds a key, a ciphertext or a token. */
export class SealError extends Error {
  override readonly name = "SealError";
  readonly code: SealErrorCode;

  constructor(code: SealErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
