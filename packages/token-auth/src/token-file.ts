import { TokenAuthError } from "./errors.ts";
import { checkToken, MAX_TOKENS, type JoinToken } from "./join-token.ts";

/** Characters of a token file at most: room for every token at its longest, twice over. */
export const MAX_TOKEN_FILE_LENGTH = 131_072;

/**
 * Reads a token file: one token a line, surrounding white space dropped; blank lines and lines that begin with `#` are
 * ignored; LF or CRLF; a byte order mark is ignored. Of equal tokens the first line counts.
 *
 * @returns the tokens in their order with the ids `file:LINE` (from 1); none for a file without tokens
 * @throws TokenAuthError `ERR_TOKEN_SIZE`, `ERR_TOKEN_COUNT`, `ERR_TOKEN_ALPHABET` (white space, control or non-ASCII
 * characters inside a line); the message names the line, never its content
 */
export function readTokenFile(text: string): readonly JoinToken[] {
  if (text.length > MAX_TOKEN_FILE_LENGTH) {
    throw new TokenAuthError(
      "ERR_TOKEN_SIZE",
      `the token file is longer than ${MAX_TOKEN_FILE_LENGTH} characters`,
    );
  }
  const tokens = new Map<string, JoinToken>();
  for (const [index, line] of text.split("\n").entries()) {
    const secret = line.trim(); // which takes a byte order mark for white space
    if (secret === "" || secret.startsWith("#")) continue;
    const token = { id: `file:${index + 1}`, secret };
    checkToken(token);
    // Two words on a line are a note beside a token or two tokens: both would lock workers out.
    if (secret.includes(" ")) {
      throw new TokenAuthError("ERR_TOKEN_ALPHABET", `token ${token.id} has white space inside`);
    }
    if (!tokens.has(secret)) tokens.set(secret, token);
    if (tokens.size > MAX_TOKENS) {
      throw new TokenAuthError("ERR_TOKEN_COUNT", `the token file has more than ${MAX_TOKENS} tokens`);
    }
  }
  return [...tokens.values()];
}
