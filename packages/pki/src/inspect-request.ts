import { childrenOf, expect, bitsOf, oidOf, rootOf, wholeOf, type DerValue } from "./der-reader.ts";
import { scanDer, TAG } from "./der-scan.ts";
import { PkiError } from "./errors.ts";
import { sha256Hex } from "./fingerprint.ts";
import { signatureName } from "./inspect-certificate.ts";
import { inspectExtensions } from "./inspect-extensions.ts";
import { inspectSpki } from "./inspect-key.ts";
import { inspectNames, readNameLoosely } from "./inspect-name.ts";
import type { InspectionWarning, RequestInspection } from "./inspection.ts";
import { signatureWarnings } from "./inspection-warnings.ts";
import { OID } from "./oids.ts";
import { readPublicKey } from "./public-key.ts";
import { readSignatureAlgorithm, verifySignature } from "./signature.ts";

/**
 * Tells what a DER request (PKCS#10) asks for, also where it would be refused; `readCertificateRequest` says whether it would.
 * Its own signature is verified. Throws {@link PkiError} for bytes that are no strict DER or no request at all.
 */
export function inspectRequest(der: Uint8Array): RequestInspection {
  scanDer(der);
  const [info, algorithm, signature] = childrenOf(expect(rootOf(der), TAG.sequence, "certificate request"));
  const body = expect(info, TAG.sequence, "request info");
  const [version, subject, spki, attributes] = childrenOf(body);
  expect(version, TAG.integer, "version");
  const key = inspectSpki(spki);
  const { names, extensions, warnings } = inspectExtensions(requestedExtensions(attributes));
  const signatureAlgorithm = signatureName(algorithm);
  const signatureValid = verified(body, spki, algorithm, signature);
  const told = inspectNames(readNameLoosely(subject), names);
  return {
    kind: "certificate-request",
    ...told,
    publicKey: key.publicKey,
    signatureAlgorithm,
    signatureValid,
    sha256: sha256Hex(der),
    extensions,
    warnings: [
      ...key.warnings,
      ...warnings,
      ...signatureWarnings(signatureAlgorithm),
      ...requestWarnings(told.organizations, signatureValid),
    ],
  };
}

function requestedExtensions(attributes: DerValue | undefined): readonly DerValue[] {
  return (attributes === undefined ? [] : childrenOf(attributes)).flatMap((attribute) => {
    const [type, values] = childrenOf(expect(attribute, TAG.sequence, "attribute"));
    if (oidOf(type, "attribute") !== OID.extensionRequest) return [];
    return childrenOf(expect(values, TAG.set, "attribute values"));
  });
}

function verified(
  info: DerValue,
  spki: DerValue | undefined,
  algorithm: DerValue | undefined,
  signature: DerValue | undefined,
): boolean | null {
  try {
    const signed = bitsOf(signature, "signature");
    return verifySignature(readSignatureAlgorithm(algorithm), readPublicKey(spki), wholeOf(info), signed);
  } catch (error) {
    if (error instanceof PkiError) return null;
    throw error;
  }
}

function requestWarnings(
  organizations: readonly string[],
  signatureValid: boolean | null,
): readonly InspectionWarning[] {
  return [
    ...(signatureValid === false
      ? [{ code: "invalid-signature", message: "the signature does not verify" } as const]
      : []),
    ...(organizations.some((each) => each.startsWith("os:"))
      ? [
          {
            code: "asks-for-roles",
            message: "asks for roles of the Talos API, which a signer drops",
          } as const,
        ]
      : []),
  ];
}
