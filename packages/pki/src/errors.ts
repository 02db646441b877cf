/** What can be wrong with what this package reads or is asked to make. */
export type PkiErrorCode =
  // text and structure
  | "ERR_PKI_TOO_LARGE"
  | "ERR_PKI_PEM"
  | "ERR_PKI_DER"
  | "ERR_PKI_STRUCTURE"
  | "ERR_PKI_VERSION"
  | "ERR_PKI_DUPLICATE"
  // names
  | "ERR_PKI_COMMON_NAME"
  | "ERR_PKI_DNS_NAME"
  | "ERR_PKI_IP_ADDRESS"
  | "ERR_PKI_TOO_MANY_NAMES"
  // keys and signatures
  | "ERR_PKI_KEY"
  | "ERR_PKI_KEY_WEAK"
  | "ERR_PKI_KEY_UNSUPPORTED"
  | "ERR_PKI_KEY_ENCRYPTED"
  | "ERR_PKI_KEY_FORMAT"
  | "ERR_PKI_KEY_IN_CERTIFICATES"
  | "ERR_PKI_PLACEHOLDER"
  | "ERR_PKI_SIGNATURE"
  | "ERR_PKI_SIGNATURE_ALGORITHM"
  // policy and issuing
  | "ERR_PKI_NAME_POLICY"
  | "ERR_PKI_ROLE"
  | "ERR_PKI_BUNDLE"
  | "ERR_PKI_VALIDITY";

/** Thrown for input that is refused. The message says what and where, never any content of a key, token or request. */
export class PkiError extends Error {
  override readonly name = "PkiError";
  readonly code: PkiErrorCode;

  constructor(code: PkiErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
