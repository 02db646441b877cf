import type { Finding } from "./finding.ts";

/**
 * - `ERR_BUNDLE_TOO_LARGE`: over the limit for bytes, depth, aliases or parts
 * - `ERR_BUNDLE_ENCODING`: not UTF-8 text, or with line breaks that readers do not agree on (a lone CR, NEL, LS, PS)
 * - `ERR_BUNDLE_YAML`: not valid YAML, or a form of it that is not read: merge keys, keys that are no text
 * - `ERR_BUNDLE_DUPLICATE_KEY`: one key twice in a mapping, in one spelling or two
 * - `ERR_BUNDLE_DOCUMENTS`: not exactly one document where there must be one
 * - `ERR_BUNDLE_KIND`: the text is something else than what was asked for
 * - `ERR_BUNDLE_ENCRYPTED`: values are encrypted with SOPS
 * - `ERR_BUNDLE_REDACTED`: values were taken out
 * - `ERR_BUNDLE_INVALID`: fields are missing or not sound; `findings` has all of them
 * - `ERR_BUNDLE_FIELD`: no field has this path; the message lists all
 * - `ERR_BUNDLE_ABSENT`: the field is known and not there
 * - `ERR_BUNDLE_EDIT`: the text has a form that can't be edited in place
 * - `ERR_BUNDLE_INPUT`: an argument that can't be written into a file
 * - `ERR_BUNDLE_FILE`: a file of a Kubernetes PKI folder can't be read; see `cause`
 */
export type SecretsBundleErrorCode =
  | "ERR_BUNDLE_TOO_LARGE"
  | "ERR_BUNDLE_ENCODING"
  | "ERR_BUNDLE_YAML"
  | "ERR_BUNDLE_DUPLICATE_KEY"
  | "ERR_BUNDLE_DOCUMENTS"
  | "ERR_BUNDLE_KIND"
  | "ERR_BUNDLE_ENCRYPTED"
  | "ERR_BUNDLE_REDACTED"
  | "ERR_BUNDLE_INVALID"
  | "ERR_BUNDLE_FIELD"
  | "ERR_BUNDLE_ABSENT"
  | "ERR_BUNDLE_EDIT"
  | "ERR_BUNDLE_INPUT"
  | "ERR_BUNDLE_FILE";

export interface SecretsBundleErrorOptions extends ErrorOptions {
  readonly findings?: readonly Finding[];
}

/** The one error of this package. It names fields, lines and columns; it never holds a value of a file. */
export class SecretsBundleError extends Error {
  override readonly name = "SecretsBundleError";
  readonly code: SecretsBundleErrorCode;
  /** All that is wrong, where several things can be; else empty. */
  readonly findings: readonly Finding[];

  constructor(code: SecretsBundleErrorCode, message: string, options: SecretsBundleErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.findings = options.findings ?? [];
  }
}
