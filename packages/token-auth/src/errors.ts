/**
 * - `ERR_TOKEN_NONE`: no token at all, which would leave a service open or shut for good
 * - `ERR_TOKEN_BLANK`: a token without a character
 * - `ERR_TOKEN_ALPHABET`: a character that no gRPC metadata value carries, or white space inside a line
 * - `ERR_TOKEN_SIZE`: a token, or a file of tokens, longer than allowed
 * - `ERR_TOKEN_COUNT`: more tokens than allowed
 * - `ERR_TOKEN_PLACEHOLDER`: what a tool left in place of the token
 */
export type TokenAuthErrorCode =
  | "ERR_TOKEN_NONE"
  | "ERR_TOKEN_BLANK"
  | "ERR_TOKEN_ALPHABET"
  | "ERR_TOKEN_SIZE"
  | "ERR_TOKEN_COUNT"
  | "ERR_TOKEN_PLACEHOLDER";

/** The one error of this package. Messages name a token by its id or line, never by its content. */
export class TokenAuthError extends Error {
  override readonly name = "TokenAuthError";
  readonly code: TokenAuthErrorCode;

  constructor(code: TokenAuthErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
