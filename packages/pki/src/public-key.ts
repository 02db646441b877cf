import { encodePem } from "@talos-bridge/pem";
import { createPublicKey, type KeyObject } from "node:crypto";
import {
  bitsOf,
  childrenOf,
  contentOf,
  expect,
  expectNoMore,
  oidOf,
  positiveOf,
  rootOf,
  wholeOf,
  type DerValue,
} from "./der-reader.ts";
import { scanDer, TAG } from "./der-scan.ts";
import { PkiError } from "./errors.ts";
import { OID } from "./oids.ts";

/** The kinds of keys that are accepted and issued for. */
export type KeyType = "ed25519" | "ecdsa-p256" | "ecdsa-p384" | "ecdsa-p521" | "rsa";

/** A public key that passed the rules of this module. */
export interface PublicKey {
  readonly type: KeyType;
  /** Modulus or field size. */
  readonly bits: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly key: KeyObject;
}

interface Curve {
  readonly type: KeyType;
  readonly bits: number;
}

const CURVES: ReadonlyMap<string, Curve> = new Map([
  [OID.p256, { type: "ecdsa-p256", bits: 256 }],
  [OID.p384, { type: "ecdsa-p384", bits: 384 }],
  [OID.p521, { type: "ecdsa-p521", bits: 521 }],
]);

const RSA_MIN_BITS = 2048;
// A verification of a longer key costs more than all else of a call together.
const RSA_MAX_BITS = 8192;
const RSA_MAX_EXPONENT = 2 ** 31 - 1;

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) inside scanned DER and checks it before any maths is done with it:
 * Ed25519 without parameters and not of small order (RFC 8410), ECDSA on named P-256, P-384, P-521 with an uncompressed
 * point (RFC 5480), RSA of 2048 to 8192 bits with an odd exponent of 3 to 2^31-1 (RFC 8017).
 *
 * Throws {@link PkiError} ERR_PKI_KEY_UNSUPPORTED, ERR_PKI_KEY_WEAK or ERR_PKI_KEY.
 */
export function readPublicKey(value: DerValue | undefined): PublicKey {
  const spki = expect(value, TAG.sequence, "SubjectPublicKeyInfo");
  const [algorithm, bits, ...rest] = childrenOf(spki);
  expectNoMore(rest, 0, "SubjectPublicKeyInfo");
  const [oid, parameters, ...more] = childrenOf(expect(algorithm, TAG.sequence, "key algorithm"));
  expectNoMore(more, 0, "key algorithm");
  const content = bitsOf(bits, "public key");
  const shape = checkShape(oidOf(oid, "key algorithm"), parameters, content);
  // A copy, so that a key doesn't keep all of its request: slice of a Buffer would be a view.
  const der = new Uint8Array(wholeOf(spki));
  try {
    // As text: given an object, Node 24 throws and catches several errors of its own on the way, 30 µs.
    return { ...shape, spki: der, key: createPublicKey(encodePem("PUBLIC KEY", der)) };
  } catch {
    // OpenSSL's reason is left out: it says nothing to a person, and the point is simply not on the curve.
    throw new PkiError("ERR_PKI_KEY", "not a valid public key");
  }
}

function checkShape(algorithm: string, parameters: DerValue | undefined, content: Uint8Array): Curve {
  switch (algorithm) {
    case OID.ed25519:
      if (parameters !== undefined) throw new PkiError("ERR_PKI_KEY", "Ed25519 key with parameters");
      return checkEd25519(content);
    case OID.ecPublicKey:
      return checkEcdsa(parameters, content);
    case OID.rsaEncryption:
      if (parameters?.tag !== TAG.null) throw new PkiError("ERR_PKI_KEY", "RSA key without NULL parameters");
      return checkRsa(content);
    default:
      throw new PkiError("ERR_PKI_KEY_UNSUPPORTED", "neither an Ed25519, an ECDSA nor an RSA key");
  }
}

function checkEcdsa(parameters: DerValue | undefined, point: Uint8Array): Curve {
  const curve = parameters?.tag === TAG.oid ? CURVES.get(oidOf(parameters, "curve")) : undefined;
  if (curve === undefined)
    throw new PkiError("ERR_PKI_KEY_UNSUPPORTED", "ECDSA key not on P-256, P-384 or P-521");
  if (point[0] !== 4 || point.length !== 1 + 2 * Math.ceil(curve.bits / 8)) {
    throw new PkiError("ERR_PKI_KEY", "ECDSA key that is no uncompressed point of its curve");
  }
  return curve;
}

function checkRsa(content: Uint8Array): Curve {
  let values: DerValue[];
  try {
    // OpenSSL drops zero bytes before a modulus: without the scan, 1024 bits after 128 of them would count as 2048.
    scanDer(content);
    values = childrenOf(expect(rootOf(content), TAG.sequence, "RSA key"));
  } catch (cause) {
    throw new PkiError("ERR_PKI_KEY", "malformed RSA key", { cause });
  }
  const modulus = positiveOf(values[0], "RSA modulus");
  const exponent = positiveOf(values[1], "RSA exponent");
  expectNoMore(values, 2, "RSA key");
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS) {
    throw new PkiError(
      "ERR_PKI_KEY_WEAK",
      `RSA key of ${bits} bits, accepted are ${RSA_MIN_BITS} to ${RSA_MAX_BITS}`,
    );
  }
  if (((modulus.at(-1) ?? 0) & 1) === 0)
    throw new PkiError("ERR_PKI_KEY_WEAK", "RSA key with an even modulus");
  const e =
    exponent.length > 4 ? Number.POSITIVE_INFINITY : exponent.reduce((sum, byte) => sum * 256 + byte, 0);
  if (e < 3 || e > RSA_MAX_EXPONENT || e % 2 === 0) {
    throw new PkiError("ERR_PKI_KEY_WEAK", "RSA key whose exponent is not odd or not within 3 to 2^31-1");
  }
  return { type: "rsa", bits };
}

// The y coordinates of all points whose order divides 8, and the two of them that can also be written above the field's
// prime: little-endian, sign bit cleared. A signature verifies under such a key without a private one.
const SMALL_ORDER: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

function checkEd25519(content: Uint8Array): Curve {
  if (content.length !== 32) throw new PkiError("ERR_PKI_KEY", "Ed25519 key that is not 32 bytes");
  const y = Buffer.from(content);
  y[31] = (y[31] ?? 0) & 0x7f;
  if (SMALL_ORDER.has(y.toString("hex")))
    throw new PkiError("ERR_PKI_KEY_WEAK", "Ed25519 key of small order");
  return { type: "ed25519", bits: 256 };
}

/** Reads a SubjectPublicKeyInfo's bytes that were scanned already. */
export function readSpki(spki: Uint8Array): PublicKey {
  return readPublicKey(rootOf(spki));
}

/** Content of the key's BIT STRING, over which identifiers are computed (RFC 5280 §4.2.1.2). */
export function keyBits(spki: Uint8Array): Uint8Array {
  const bits = childrenOf(rootOf(spki))[1];
  return contentOf(expect(bits, TAG.bitString, "public key")).subarray(1);
}

/** Whether a checked SubjectPublicKeyInfo holds an Ed25519 key: nothing else accepted is as short. */
export function isEd25519(spki: Uint8Array): boolean {
  return spki.length === 44;
}
