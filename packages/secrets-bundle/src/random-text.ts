import { SecretsBundleError } from "./errors.ts";

/** Source of `n` random bytes. */
export type Random = (n: number) => Uint8Array;

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";
// 252 is the largest multiple of 36 in a byte: what is above would make the first four characters likelier.
const FAIR = 252;

/**
 * A token as Talos and kubeadm have them: 6 characters, a dot, 16 characters, of `0-9a-z`, evenly
 * (siderolabs/talos pkg/machinery config/generate/secrets/utils.go, genToken).
 */
export function randomToken(random: Random): string {
  return `${randomCharacters(random, 6)}.${randomCharacters(random, 16)}`;
}

function randomCharacters(random: Random, length: number): string {
  let text = "";
  // A source that never gives a fair byte is broken; it must not keep anybody waiting.
  for (let tries = 0; text.length < length; tries++) {
    if (tries > 1_000) throw new SecretsBundleError("ERR_BUNDLE_INPUT", "the random source is not random");
    for (const byte of random(length * 2)) {
      if (byte < FAIR && text.length < length) text += ALPHABET[byte % ALPHABET.length] ?? "";
    }
  }
  return text;
}

/** Base64 of 32 random bytes: cluster and encryption secrets. */
export function randomSecret(random: Random): string {
  return Buffer.from(random(32)).toString("base64");
}

/** Base64 of 32 random bytes in the alphabet for URLs, padded as Go's `base64.URLEncoding` does: cluster ids. */
export function randomId(random: Random): string {
  return randomSecret(random).replaceAll("+", "-").replaceAll("/", "_");
}
