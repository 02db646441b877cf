import { TokenAuthError } from "./errors.ts";

/** A join token of the cluster (`machine.token` in a Talos machine configuration). */
export interface JoinToken {
  /** What logs call it: `env` or `file:3`. Never derived from the secret. */
  readonly id: string;
  readonly secret: string;
}

/** Talos makes tokens of 23 characters; this bounds the work of one comparison. */
export const MAX_TOKEN_LENGTH = 1024;
/** A rotation needs two; every one costs a hash comparison on each call. */
export const MAX_TOKENS = 64;

// ASCII-Value of the gRPC protocol: %x20-%x7E. HTTP trims the ends, so a token cannot begin or end with a space.
const METADATA_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

// What tools leave where the value was: a signer that took it would sign for whoever knows the word.
const PLACEHOLDER = /^(?:\[?<?REDACTED>?\]?|\*+|ENC\[.*)$/i;

/**
 * Refuses a token that no worker could ever present: better a fault at start than workers locked out for good.
 *
 * @throws TokenAuthError `ERR_TOKEN_BLANK`, `ERR_TOKEN_SIZE`, `ERR_TOKEN_ALPHABET`, `ERR_TOKEN_PLACEHOLDER` (redacted, or
 * encrypted with SOPS)
 */
export function checkToken({ id, secret }: JoinToken): void {
  if (secret.trim() === "") throw new TokenAuthError("ERR_TOKEN_BLANK", `token ${id} is blank`);
  if (secret.length > MAX_TOKEN_LENGTH) {
    throw new TokenAuthError("ERR_TOKEN_SIZE", `token ${id} is longer than ${MAX_TOKEN_LENGTH} characters`);
  }
  if (!METADATA_VALUE.test(secret)) {
    throw new TokenAuthError(
      "ERR_TOKEN_ALPHABET",
      `token ${id} has a character that cannot be sent (printable ASCII only, no white space at its ends)`,
    );
  }
  if (PLACEHOLDER.test(secret)) {
    throw new TokenAuthError(
      "ERR_TOKEN_PLACEHOLDER",
      `token ${id} is redacted or encrypted: the value itself is not there`,
    );
  }
}
