/** What can be wrong with PEM text. */
export type PemErrorCode =
  | "ERR_PEM_TOO_LARGE"
  | "ERR_PEM_NO_BLOCK"
  | "ERR_PEM_TOO_MANY_BLOCKS"
  | "ERR_PEM_LABEL"
  | "ERR_PEM_TEXT_OUTSIDE"
  | "ERR_PEM_HEADERS"
  | "ERR_PEM_BASE64"
  | "ERR_PEM_UNTERMINATED";

/** Thrown for text that is no strict PEM. The message names what and in which line, never any content. */
export class PemError extends Error {
  override readonly name = "PemError";
  readonly code: PemErrorCode;

  constructor(code: PemErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
