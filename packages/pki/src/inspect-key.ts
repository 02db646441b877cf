import { childrenOf, contentOf, expect, oidOf, rootOf, wholeOf, type DerValue } from "./der-reader.ts";
import { scanDer, TAG } from "./der-scan.ts";
import { PkiError } from "./errors.ts";
import { sha256Hex } from "./fingerprint.ts";
import type { InspectionWarning, KeyInspection } from "./inspection.ts";
import { CURVE_NAMES, KEY_NAMES, nameOf } from "./oid-names.ts";
import { readPublicKey } from "./public-key.ts";

/** What is told of a SubjectPublicKeyInfo, also of keys that are refused elsewhere. Throws ERR_PKI_STRUCTURE alone. */
export function inspectSpki(value: DerValue | undefined): {
  readonly publicKey: KeyInspection;
  readonly warnings: readonly InspectionWarning[];
} {
  const spki = expect(value, TAG.sequence, "SubjectPublicKeyInfo");
  const sha256 = sha256Hex(wholeOf(spki));
  try {
    const { type, bits } = readPublicKey(spki);
    return { publicKey: { type, bits, sha256 }, warnings: [] };
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    return { publicKey: { ...describe(spki), sha256 }, warnings: [warningOf(error)] };
  }
}

function warningOf({ code, message }: PkiError): InspectionWarning {
  if (code === "ERR_PKI_KEY_WEAK") return { code: "weak-key", message };
  return { code: code === "ERR_PKI_KEY_UNSUPPORTED" ? "unsupported-key" : "invalid-key", message };
}

function describe(spki: DerValue): Pick<KeyInspection, "type" | "bits"> {
  const [algorithm, key] = childrenOf(spki);
  const [id, parameters] = childrenOf(expect(algorithm, TAG.sequence, "key algorithm"));
  const type = nameOf(KEY_NAMES, oidOf(id, "key algorithm"));
  if (type === "ecdsa" && parameters?.tag === TAG.oid) {
    return { type: `ecdsa-${nameOf(CURVE_NAMES, oidOf(parameters, "curve"))}`, bits: null };
  }
  return { type, bits: type.startsWith("rsa") ? rsaBits(key) : null };
}

function rsaBits(key: DerValue | undefined): number | null {
  const content = contentOf(expect(key, TAG.bitString, "public key")).subarray(1);
  try {
    scanDer(content);
    const [modulus] = childrenOf(expect(rootOf(content), TAG.sequence, "RSA key"));
    const digits = Buffer.from(contentOf(expect(modulus, TAG.integer, "RSA modulus"))).toString("hex");
    return BigInt(`0x${digits}`).toString(2).length;
  } catch (error) {
    if (error instanceof PkiError) return null;
    throw error;
  }
}
