import { sign as nodeSign, verify, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { childrenOf, expect, expectNoMore, oidOf, type DerValue } from "./der-reader.ts";
import { TAG } from "./der-scan.ts";
import { nullValue, oid, sequence, toBytes } from "./der-writer.ts";
import { PkiError } from "./errors.ts";
import { OID } from "./oids.ts";
import type { KeyType, PublicKey } from "./public-key.ts";

interface SignatureAlgorithm {
  readonly name: string;
  /** Digest for node:crypto; `null` where the algorithm has its own. */
  readonly digest: "sha256" | "sha384" | "sha512" | null;
  readonly keys: readonly KeyType[];
  readonly parameters: "absent" | "null";
}

const ECDSA: readonly KeyType[] = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521"];

// What is not here is refused: MD5, SHA-1, SHA-224, PSS, DSA, Ed448, SM2, GOST.
const ALGORITHMS: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  [OID.ed25519, { name: "Ed25519", digest: null, keys: ["ed25519"], parameters: "absent" }],
  [OID.ecdsaWithSha256, { name: "ECDSA-SHA256", digest: "sha256", keys: ECDSA, parameters: "absent" }],
  [OID.ecdsaWithSha384, { name: "ECDSA-SHA384", digest: "sha384", keys: ECDSA, parameters: "absent" }],
  [OID.ecdsaWithSha512, { name: "ECDSA-SHA512", digest: "sha512", keys: ECDSA, parameters: "absent" }],
  [OID.sha256WithRsa, { name: "RSA-SHA256", digest: "sha256", keys: ["rsa"], parameters: "null" }],
  [OID.sha384WithRsa, { name: "RSA-SHA384", digest: "sha384", keys: ["rsa"], parameters: "null" }],
  [OID.sha512WithRsa, { name: "RSA-SHA512", digest: "sha512", keys: ["rsa"], parameters: "null" }],
]);

/** The allowed algorithm that an AlgorithmIdentifier names. Throws ERR_PKI_SIGNATURE_ALGORITHM for any other. */
export function readSignatureAlgorithm(value: DerValue | undefined): SignatureAlgorithm {
  const [id, parameters, ...rest] = childrenOf(expect(value, TAG.sequence, "signature algorithm"));
  expectNoMore(rest, 0, "signature algorithm");
  const algorithm = ALGORITHMS.get(oidOf(id, "signature algorithm"));
  const given = parameters === undefined ? "absent" : parameters.tag === TAG.null ? "null" : "other";
  if (algorithm === undefined || algorithm.parameters !== given) {
    throw new PkiError("ERR_PKI_SIGNATURE_ALGORITHM", "signature algorithm is not allowed");
  }
  return algorithm;
}

/** Whether `signature` over exactly these bytes was made with the key's private half. */
export function verifySignature(
  algorithm: SignatureAlgorithm,
  key: PublicKey,
  signed: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (!algorithm.keys.includes(key.type)) return false;
  try {
    return verify(algorithm.digest, signed, key.key, signature);
  } catch {
    return false;
  }
}

// One algorithm a key type for what is issued here: the digest as long as the curve, and for RSA what Talos uses.
const ISSUED_WITH: Readonly<Record<KeyType, string>> = {
  ed25519: OID.ed25519,
  "ecdsa-p256": OID.ecdsaWithSha256,
  "ecdsa-p384": OID.ecdsaWithSha384,
  "ecdsa-p521": OID.ecdsaWithSha512,
  rsa: OID.sha512WithRsa,
};

/** DER of the AlgorithmIdentifier that keys of this type sign with here. Shared: not to be written to. */
export function signatureAlgorithmDer(type: KeyType): Uint8Array {
  return ALGORITHM_DER[type];
}

const ALGORITHM_DER: Readonly<Record<KeyType, Uint8Array>> = {
  ed25519: algorithmDer(ISSUED_WITH.ed25519),
  "ecdsa-p256": algorithmDer(ISSUED_WITH["ecdsa-p256"]),
  "ecdsa-p384": algorithmDer(ISSUED_WITH["ecdsa-p384"]),
  "ecdsa-p521": algorithmDer(ISSUED_WITH["ecdsa-p521"]),
  rsa: algorithmDer(ISSUED_WITH.rsa),
};

function algorithmDer(id: string): Uint8Array {
  const parameters = ALGORITHMS.get(id)?.parameters === "null" ? [nullValue()] : [];
  return toBytes(sequence(oid(id), ...parameters));
}

const signInPool = promisify<string | null, Uint8Array, KeyObject, Buffer>(nodeSign);

/** Signs bytes. RSA goes to the thread pool: 1.4 ms of a 4096-bit key would hold up every other call. */
export async function sign(type: KeyType, key: KeyObject, bytes: Uint8Array): Promise<Uint8Array> {
  const digest = ALGORITHMS.get(ISSUED_WITH[type])?.digest ?? null;
  return type === "rsa" ? signInPool(digest, bytes, key) : nodeSign(digest, bytes, key);
}
