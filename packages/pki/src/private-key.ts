import { decodePem, PemError, toStandardLabel, type PemBlock } from "@talos-bridge/pem";
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { scanDer } from "./der-scan.ts";
import { PkiError } from "./errors.ts";
import { refusePlaceholders } from "./placeholder.ts";
import { readSpki, type PublicKey } from "./public-key.ts";

/** A private key with its public half, which passed the rules of {@link readPublicKey}. */
export interface PrivateKey {
  readonly key: KeyObject;
  readonly publicKey: PublicKey;
}

const TYPES: ReadonlyMap<string, "pkcs8" | "sec1" | "pkcs1"> = new Map([
  ["PRIVATE KEY", "pkcs8"],
  ["EC PRIVATE KEY", "sec1"],
  ["RSA PRIVATE KEY", "pkcs1"],
]);

/** RSA-8192 is 6.4 KiB as PEM. */
const MAX_KEY_BYTES = 16_384;

/**
 * Reads one private key: PKCS#8 (also under Talos's label `ED25519 PRIVATE KEY`), SEC 1, PKCS#1. An `EC PARAMETERS` block that
 * OpenSSL writes before an EC key is passed over. Throws {@link PkiError}: ERR_PKI_KEY_ENCRYPTED, ERR_PKI_PLACEHOLDER
 * (SOPS, REDACTED), ERR_PKI_PEM, ERR_PKI_KEY…; never with a byte of the content.
 */
export function readPrivateKey(pem: Uint8Array | string): PrivateKey {
  const talosBlock = keyBlockOf(pem);
  const block = toStandardLabel(talosBlock);
  if (block.label === "ENCRYPTED PRIVATE KEY")
    throw new PkiError("ERR_PKI_KEY_ENCRYPTED", "the private key is encrypted");
  const type = TYPES.get(block.label);
  if (type === undefined) throw new PkiError("ERR_PKI_PEM", "no private key");
  scanDer(block.der);
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: Buffer.from(block.der), format: "der", type });
  } catch {
    // The cause is left out on purpose: nothing that saw the key may travel with an error.
    throw new PkiError("ERR_PKI_KEY", "not a valid private key");
  }
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const publicKey = readSpki(spki);
  if (block !== talosBlock && publicKey.type !== "ed25519") {
    throw new PkiError("ERR_PKI_KEY", `labelled as an Ed25519 key, and of type ${publicKey.type}`);
  }
  return { key, publicKey };
}

function keyBlockOf(pem: Uint8Array | string): PemBlock {
  try {
    const blocks = decodePem(pem, { maxBytes: MAX_KEY_BYTES, maxBlocks: 2 }).filter(
      ({ label }) => label !== "EC PARAMETERS",
    );
    const [block] = blocks;
    if (block === undefined || blocks.length > 1)
      throw new PkiError("ERR_PKI_PEM", "not exactly one private key");
    return block;
  } catch (cause) {
    if (!(cause instanceof PemError)) throw cause;
    refusePlaceholders(pem);
    if (cause.code === "ERR_PEM_HEADERS")
      throw new PkiError("ERR_PKI_KEY_ENCRYPTED", "the private key has headers: it is encrypted");
    throw new PkiError("ERR_PKI_PEM", `no PEM private key: ${cause.message}`, { cause });
  }
}
