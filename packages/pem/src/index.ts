export { decodePem, decodeSinglePem } from "./decode.ts";
export type { DecodeOptions, PemBlock } from "./decode.ts";
export { encodePem } from "./encode.ts";
export { PemError } from "./errors.ts";
export type { PemErrorCode } from "./errors.ts";
export { DEFAULT_MAX_BLOCKS, DEFAULT_MAX_BYTES } from "./limits.ts";
export { toStandardLabel, toTalosEd25519Label } from "./talos-labels.ts";
