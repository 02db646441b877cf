import { decodePem, PemError, toStandardLabel, type PemBlock } from "@talos-bridge/pem";
import { createPublicKey } from "node:crypto";
import { childrenOf, expect, expectNoMore, rootOf } from "./der-reader.ts";
import { scanDer, TAG } from "./der-scan.ts";
import { PkiError } from "./errors.ts";
import { inspectCertificate } from "./inspect-certificate.ts";
import { inspectSpki } from "./inspect-key.ts";
import { inspectRequest } from "./inspect-request.ts";
import type { Inspection, PrivateKeyInspection, PublicKeyInspection } from "./inspection.ts";
import { refusePlaceholders } from "./placeholder.ts";
import { openPrivateKey } from "./private-key.ts";

export interface InspectOptions {
  /** What is expired or not yet valid at this time has a warning; nothing has if not given. */
  readonly now?: Date | undefined;
}

/**
 * Tells what stands in a file, a block an entry, in order: certificates, requests, keys (their type and a hash, never more) and
 * what else there is. Takes PEM, with comments between blocks, or the DER of one certificate, request or key. What can't be read
 * is an entry too, with the code and message of its {@link PkiError}.
 *
 * Throws {@link PkiError} where the text as a whole is no PEM: ERR_PKI_PEM, ERR_PKI_PLACEHOLDER, ERR_PKI_KEY_ENCRYPTED.
 */
export function inspect(file: Uint8Array | string, options: InspectOptions = {}): readonly Inspection[] {
  if (typeof file !== "string" && file[0] === SEQUENCE) return [inspectDer(file, options)];
  return blocksOf(file).map((block) => inspectBlock(block, options));
}

const SEQUENCE = 0x30;

function blocksOf(file: Uint8Array | string): readonly PemBlock[] {
  try {
    return decodePem(file, { textOutside: "ignore" });
  } catch (cause) {
    if (!(cause instanceof PemError)) throw cause;
    refusePlaceholders(file);
    if (cause.code === "ERR_PEM_HEADERS")
      throw new PkiError("ERR_PKI_KEY_ENCRYPTED", "a block has headers, as encrypted keys have");
    throw new PkiError("ERR_PKI_PEM", `no PEM: ${cause.message}`, { cause });
  }
}

const DER_KINDS = [
  "CERTIFICATE",
  "CERTIFICATE REQUEST",
  "PRIVATE KEY",
  "RSA PRIVATE KEY",
  "EC PRIVATE KEY",
  "ENCRYPTED PRIVATE KEY",
  "PUBLIC KEY",
  "RSA PUBLIC KEY",
];

/** DER has no label: what it can be read as is what it is. */
function inspectDer(der: Uint8Array, options: InspectOptions): Inspection {
  const tried = DER_KINDS.map((label) => inspectBlock({ label, der }, options));
  const [first = other("", der)] = tried;
  const told = tried.find(({ kind }) => kind !== "unreadable") ?? first;
  return told.kind === "unreadable" ? { ...told, label: "" } : told;
}

function inspectBlock(block: PemBlock, options: InspectOptions): Inspection {
  try {
    return readBlock(block, options);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    return { kind: "unreadable", label: block.label, code: error.code, message: error.message };
  }
}

function readBlock(block: PemBlock, options: InspectOptions): Inspection {
  const { label, der } = block;
  switch (label) {
    case "CERTIFICATE":
    case "X509 CERTIFICATE":
    case "TRUSTED CERTIFICATE":
      return inspectCertificate(der, options);
    case "CERTIFICATE REQUEST":
    case "NEW CERTIFICATE REQUEST":
      return inspectRequest(der);
    case "ENCRYPTED PRIVATE KEY":
      return encryptedKey(der);
    case "PUBLIC KEY":
    case "EC PUBLIC KEY":
    case "ED25519 PUBLIC KEY":
      return publicKey(der);
    case "RSA PUBLIC KEY":
      return publicKey(spkiOfRsa(der));
    default:
      return FORMATS.has(label) ? privateKey(block) : other(label, der);
  }
}

const FORMATS: ReadonlyMap<string, PrivateKeyInspection["format"]> = new Map([
  ["PRIVATE KEY", "pkcs8"],
  ["RSA PRIVATE KEY", "pkcs1"],
  ["EC PRIVATE KEY", "sec1"],
  ["ED25519 PRIVATE KEY", "talos"],
]);

function privateKey(block: PemBlock): Inspection {
  const { spki } = openPrivateKey(toStandardLabel(block));
  const { publicKey: key, warnings } = inspectSpki(rootOf(spki));
  return { kind: "private-key", format: FORMATS.get(block.label) ?? "pkcs8", publicKey: key, warnings };
}

/** EncryptedPrivateKeyInfo (RFC 5958 §3): how it is encrypted, and what. */
function encryptedKey(der: Uint8Array): Inspection {
  scanDer(der);
  const parts = childrenOf(expect(rootOf(der), TAG.sequence, "encrypted key"));
  expect(parts[0], TAG.sequence, "encryption algorithm");
  expect(parts[1], TAG.octetString, "encrypted data");
  expectNoMore(parts, 2, "encrypted key");
  return { kind: "encrypted-key" };
}

function publicKey(spki: Uint8Array): PublicKeyInspection {
  scanDer(spki);
  return { kind: "public-key", ...inspectSpki(rootOf(spki)) };
}

function spkiOfRsa(der: Uint8Array): Uint8Array {
  scanDer(der);
  try {
    const key = createPublicKey({ key: Buffer.from(der), format: "der", type: "pkcs1" });
    return key.export({ type: "spki", format: "der" });
  } catch {
    throw new PkiError("ERR_PKI_KEY", "not a valid public key");
  }
}

function other(label: string, der: Uint8Array): Inspection {
  return { kind: "other", label, bytes: der.length };
}
