import { decodePem, PemError, toStandardLabel, type PemBlock } from "@talos-bridge/pem";
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { childrenOf, expect, rootOf } from "./der-reader.ts";
import { scanDer, TAG } from "./der-scan.ts";
import { PkiError } from "./errors.ts";
import { refusePlaceholders } from "./placeholder.ts";
import { readSpki, type PublicKey } from "./public-key.ts";

/** A private key with its public half, which passed the rules of {@link readPublicKey}. */
export interface PrivateKey {
  readonly key: KeyObject;
  readonly publicKey: PublicKey;
}

interface Format {
  readonly type: "pkcs8" | "sec1" | "pkcs1";
  /** The value behind the version, by which the formats are told apart: OpenSSL reads one under another's name. */
  readonly secondTag: number;
}

const FORMATS: ReadonlyMap<string, Format> = new Map([
  ["PRIVATE KEY", { type: "pkcs8", secondTag: TAG.sequence }],
  ["EC PRIVATE KEY", { type: "sec1", secondTag: TAG.octetString }],
  ["RSA PRIVATE KEY", { type: "pkcs1", secondTag: TAG.integer }],
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
  const { key, spki } = openPrivateKey(block);
  const publicKey = readSpki(spki);
  if (block !== talosBlock && publicKey.type !== "ed25519") {
    throw new PkiError("ERR_PKI_KEY", `labelled as an Ed25519 key, and of type ${publicKey.type}`);
  }
  return { key, publicKey };
}

/** The key of a block under a standard label, and its public half, of whatever type Node knows. Throws {@link PkiError}. */
export function openPrivateKey({ label, der }: PemBlock): {
  readonly key: KeyObject;
  readonly spki: Uint8Array;
} {
  if (label === "ENCRYPTED PRIVATE KEY")
    throw new PkiError("ERR_PKI_KEY_ENCRYPTED", "the private key is encrypted");
  const format = FORMATS.get(label);
  if (format === undefined) throw new PkiError("ERR_PKI_PEM", "no private key");
  scanDer(der);
  if (childrenOf(expect(rootOf(der), TAG.sequence, "private key"))[1]?.tag !== format.secondTag)
    throw new PkiError("ERR_PKI_KEY", "the private key is not in the format of its label");
  try {
    const key = createPrivateKey({ key: Buffer.from(der), format: "der", type: format.type });
    return { key, spki: createPublicKey(key).export({ type: "spki", format: "der" }) };
  } catch {
    // The cause is left out on purpose: nothing that saw the key may travel with an error.
    throw new PkiError("ERR_PKI_KEY", "not a valid private key");
  }
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
