import { hash, timingSafeEqual } from "node:crypto";
import { TokenAuthError } from "./errors.ts";
import { checkToken, MAX_TOKENS, type JoinToken } from "./join-token.ts";

export interface TokenVerifier {
  /** The id of the token that the candidate equals, or undefined. Any text may come in; the time taken tells nothing. */
  verify(candidate: string): string | undefined;
}

/**
 * Makes a verifier that keeps only SHA-256 hashes of the tokens. As trustd since siderolabs/talos 9fbb7c95d, both sides
 * are hashed and the hashes compared in constant time; every token is compared, so that the time does not tell which
 * one matched. Of equal tokens the first one's id is returned.
 *
 * @throws TokenAuthError `ERR_TOKEN_NONE` for an empty list (an empty token must never pass), `ERR_TOKEN_COUNT` for more
 * than 64, and what makes a single token unusable: `ERR_TOKEN_BLANK`, `ERR_TOKEN_SIZE`, `ERR_TOKEN_ALPHABET`
 */
export function createTokenVerifier(tokens: readonly JoinToken[]): TokenVerifier {
  if (tokens.length === 0) throw new TokenAuthError("ERR_TOKEN_NONE", "there is no token");
  if (tokens.length > MAX_TOKENS) {
    throw new TokenAuthError("ERR_TOKEN_COUNT", `there are more than ${MAX_TOKENS} tokens`);
  }
  tokens.forEach(checkToken);
  const known = tokens.map(({ id, secret }) => ({ id, digest: digest(secret) }));
  return {
    verify(candidate) {
      const received = digest(candidate);
      let id: string | undefined;
      for (const token of known) {
        if (timingSafeEqual(token.digest, received)) id ??= token.id;
      }
      return id;
    },
  };
}

function digest(text: string): Buffer {
  return hash("sha256", text, "buffer");
}
