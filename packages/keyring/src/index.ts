export { MAX_DATA_BYTES } from "./ciphertext.ts";
export { KeyringError, type KeyringErrorCode } from "./errors.ts";
export { systemFiles, type KeyringFiles } from "./files.ts";
export { MAX_KEYS } from "./key-file.ts";
export { openKeyring, type Keyring, type KeyringOptions } from "./keyring.ts";
export type { Writer } from "./write-lock.ts";
