// Names for people. What is not here is shown as its dotted identifier.

/** Signature algorithms (RFC 3279, 4055, 5758, 8410, 8692; NIST). */
export const SIGNATURE_NAMES: ReadonlyMap<string, string> = new Map([
  ["1.2.840.113549.1.1.2", "RSA-MD2"],
  ["1.2.840.113549.1.1.4", "RSA-MD5"],
  ["1.2.840.113549.1.1.5", "RSA-SHA1"],
  ["1.2.840.113549.1.1.10", "RSA-PSS"],
  ["1.2.840.113549.1.1.11", "RSA-SHA256"],
  ["1.2.840.113549.1.1.12", "RSA-SHA384"],
  ["1.2.840.113549.1.1.13", "RSA-SHA512"],
  ["1.2.840.113549.1.1.14", "RSA-SHA224"],
  ["1.2.840.10040.4.3", "DSA-SHA1"],
  ["2.16.840.1.101.3.4.3.1", "DSA-SHA224"],
  ["2.16.840.1.101.3.4.3.2", "DSA-SHA256"],
  ["1.2.840.10045.4.1", "ECDSA-SHA1"],
  ["1.2.840.10045.4.3.1", "ECDSA-SHA224"],
  ["1.2.840.10045.4.3.2", "ECDSA-SHA256"],
  ["1.2.840.10045.4.3.3", "ECDSA-SHA384"],
  ["1.2.840.10045.4.3.4", "ECDSA-SHA512"],
  ["1.3.101.112", "Ed25519"],
  ["1.3.101.113", "Ed448"],
]);

/** Key algorithms, as {@link KeyType} has them where it does. */
export const KEY_NAMES: ReadonlyMap<string, string> = new Map([
  ["1.2.840.113549.1.1.1", "rsa"],
  ["1.2.840.113549.1.1.10", "rsa-pss"],
  ["1.2.840.10045.2.1", "ecdsa"],
  ["1.2.840.10040.4.1", "dsa"],
  ["1.2.840.113549.1.3.1", "dh"],
  ["1.2.840.10046.2.1", "dh"],
  ["1.3.101.110", "x25519"],
  ["1.3.101.111", "x448"],
  ["1.3.101.112", "ed25519"],
  ["1.3.101.113", "ed448"],
]);

/** Named curves (RFC 5480, RFC 5639, SEC 2). */
export const CURVE_NAMES: ReadonlyMap<string, string> = new Map([
  ["1.2.840.10045.3.1.1", "p192"],
  ["1.2.840.10045.3.1.7", "p256"],
  ["1.3.132.0.33", "p224"],
  ["1.3.132.0.34", "p384"],
  ["1.3.132.0.35", "p521"],
  ["1.3.132.0.10", "secp256k1"],
  ["1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"],
  ["1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"],
  ["1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"],
]);

/** Extended key usages (RFC 5280 §4.2.1.12, RFC 4556). */
export const PURPOSE_NAMES: ReadonlyMap<string, string> = new Map([
  ["2.5.29.37.0", "any"],
  ["1.3.6.1.5.5.7.3.1", "serverAuth"],
  ["1.3.6.1.5.5.7.3.2", "clientAuth"],
  ["1.3.6.1.5.5.7.3.3", "codeSigning"],
  ["1.3.6.1.5.5.7.3.4", "emailProtection"],
  ["1.3.6.1.5.5.7.3.8", "timeStamping"],
  ["1.3.6.1.5.5.7.3.9", "OCSPSigning"],
]);

/** Extensions (RFC 5280 §4.2; RFC 6962; RFC 7633). */
export const EXTENSION_NAMES: ReadonlyMap<string, string> = new Map([
  ["2.5.29.9", "subjectDirectoryAttributes"],
  ["2.5.29.14", "subjectKeyIdentifier"],
  ["2.5.29.15", "keyUsage"],
  ["2.5.29.17", "subjectAltName"],
  ["2.5.29.18", "issuerAltName"],
  ["2.5.29.19", "basicConstraints"],
  ["2.5.29.30", "nameConstraints"],
  ["2.5.29.31", "cRLDistributionPoints"],
  ["2.5.29.32", "certificatePolicies"],
  ["2.5.29.33", "policyMappings"],
  ["2.5.29.35", "authorityKeyIdentifier"],
  ["2.5.29.36", "policyConstraints"],
  ["2.5.29.37", "extKeyUsage"],
  ["2.5.29.46", "freshestCRL"],
  ["2.5.29.54", "inhibitAnyPolicy"],
  ["1.3.6.1.5.5.7.1.1", "authorityInfoAccess"],
  ["1.3.6.1.5.5.7.1.11", "subjectInfoAccess"],
  ["1.3.6.1.5.5.7.1.24", "tlsFeature"],
  ["1.3.6.1.4.1.11129.2.4.2", "signedCertificateTimestamps"],
  ["1.3.6.1.4.1.11129.2.4.3", "precertificatePoison"],
  ["2.16.840.1.113730.1.1", "netscapeCertType"],
  ["2.16.840.1.113730.1.13", "netscapeComment"],
]);

/** The name, or the identifier itself. */
export function nameOf(names: ReadonlyMap<string, string>, id: string): string {
  return names.get(id) ?? id;
}
