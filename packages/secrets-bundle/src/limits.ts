/** Bytes of a file. A worker config is 2 KiB, with all of talosctl's comments 25 KiB; inline manifests add 100 KiB each. */
export const MAX_BYTES = 1_048_576;

/** Nesting. A control plane config reaches 10. */
export const MAX_DEPTH = 32;

/** Aliases. They are resolved one by one where a field is read, so none can blow up; a file of thousands is no config. */
export const MAX_ALIASES = 100;

/** Lexical parts of a file, which bound the time to read it: a config with all of talosctl's comments has 1,500. */
export const MAX_PARTS = 50_000;
