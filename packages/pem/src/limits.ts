/**
 * Ceiling for PEM text where a caller names none, in bytes. A certificate with 256 names of 253 bytes and an RSA-8192 key
 * is about 92 KiB as PEM; a bundle of accepted CAs holds a handful of 2 KiB each. 256 KiB is above both.
 */
export const DEFAULT_MAX_BYTES = 262_144;

/** Ceiling for blocks in one text: far above any rotation's number of CAs, far below what would cost time. */
export const DEFAULT_MAX_BLOCKS = 128;
