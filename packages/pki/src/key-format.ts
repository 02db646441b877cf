import { encodePem, toTalosEd25519Label } from "@talos-bridge/pem";
import type { KeyObject } from "node:crypto";
import { PkiError } from "./errors.ts";
import { readPrivateKey, type PrivateKey } from "./private-key.ts";
import type { KeyType } from "./public-key.ts";

/**
 * How a private key is written: `pkcs8` (RFC 5958, any type), `sec1` (RFC 5915, ECDSA), `pkcs1` (RFC 8017, RSA), and `talos`,
 * which is what siderolabs/crypto writes for the type: PKCS#8 labelled `ED25519 PRIVATE KEY`, SEC 1 or PKCS#1.
 */
export type KeyFormat = "pkcs8" | "sec1" | "pkcs1" | "talos";

const isRsa = (type: KeyType): boolean => type === "rsa";
const isEcdsa = (type: KeyType): boolean => type.startsWith("ecdsa-");

/** Encodes a private key as PEM. Throws ERR_PKI_KEY_FORMAT where keys of its type are not written so. */
export function encodePrivateKey(privateKey: PrivateKey, format: KeyFormat): string {
  const { key } = privateKey;
  const { type } = privateKey.publicKey;
  switch (format) {
    case "pkcs8":
      return encodePem("PRIVATE KEY", derOf(key, "pkcs8"));
    case "sec1":
      if (!isEcdsa(type)) throw wrongFormat("SEC 1 holds ECDSA keys", type);
      return encodePem("EC PRIVATE KEY", derOf(key, "sec1"));
    case "pkcs1":
      if (!isRsa(type)) throw wrongFormat("PKCS #1 holds RSA keys", type);
      return encodePem("RSA PRIVATE KEY", derOf(key, "pkcs1"));
    case "talos": {
      if (type !== "ed25519") return encodePrivateKey(privateKey, isRsa(type) ? "pkcs1" : "sec1");
      const { label, der } = toTalosEd25519Label({ label: "PRIVATE KEY", der: derOf(key, "pkcs8") });
      return encodePem(label, der);
    }
  }
}

/** Reads one private key in any format and writes it in another. Throws {@link PkiError}; never with a byte of the key. */
export function convertPrivateKey(pem: Uint8Array | string, format: KeyFormat): string {
  return encodePrivateKey(readPrivateKey(pem), format);
}

function derOf(key: KeyObject, type: "pkcs8" | "sec1" | "pkcs1"): Uint8Array {
  try {
    return key.export({ type, format: "der" });
  } catch {
    // A private scalar of ECDSA that is none: OpenSSL reads it, and can't write it. The cause is left out: it saw the key.
    throw new PkiError("ERR_PKI_KEY", "not a valid private key");
  }
}

function wrongFormat(what: string, type: KeyType): PkiError {
  return new PkiError("ERR_PKI_KEY_FORMAT", `${what}, and this is a key of type ${type}`);
}
