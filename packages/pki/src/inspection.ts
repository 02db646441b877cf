/** Something about inspected material that a person should know. */
export interface InspectionWarning {
  readonly code: InspectionWarningCode;
  /** For people; without any content of a key. */
  readonly message: string;
}

export type InspectionWarningCode =
  | "expired"
  | "not-yet-valid"
  | "ends-before-it-begins"
  | "malformed-time"
  | "unusual-version"
  | "unusual-serial-number"
  | "weak-key"
  | "unsupported-key"
  | "invalid-key"
  | "weak-signature"
  | "invalid-signature"
  | "duplicate-extension"
  | "malformed-extension"
  | "unsupported-critical-extension"
  | "name-constraints"
  | "ca-without-key-cert-sign"
  | "key-encipherment"
  | "no-alternative-names"
  | "no-client-auth"
  | "may-impersonate"
  | "asks-for-roles";

/** A public key as told to people: its type and size, never more of it than a hash. */
export interface KeyInspection {
  /** As in {@link KeyType}; others by their usual name or dotted identifier. */
  readonly type: string;
  /** Modulus or field size; null where it is not known. */
  readonly bits: number | null;
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly sha256: string;
}

export interface ExtensionInspection {
  /** Dotted. */
  readonly id: string;
  readonly name: string | null;
  readonly critical: boolean;
  /** What it says, for people; null where that is not known here. */
  readonly text: string | null;
  /** Its value, DER, hexadecimal. */
  readonly hex: string;
}

/** Names as they stand; control characters in them too. */
export interface NamesInspection {
  /** For people, such as `O=talos`: escaped. */
  readonly subject: string;
  readonly commonName: string | null;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

export interface CertificateInspection extends NamesInspection {
  readonly kind: "certificate";
  readonly version: number;
  readonly issuer: string;
  /** Whether subject and issuer are the same; says nothing of the signature. */
  readonly selfIssued: boolean;
  /** Hexadecimal, with a minus where it is negative. */
  readonly serialNumber: string;
  /** ISO 8601, UTC; null where it can't be read. */
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly publicKey: KeyInspection;
  readonly signatureAlgorithm: string;
  /** Of the whole certificate, lower-case hexadecimal. */
  readonly sha256: string;
  readonly isCa: boolean;
  readonly pathLength: number | null;
  /** Null = all. */
  readonly keyUsage: readonly string[] | null;
  /** Names, or dotted identifiers; null = all. */
  readonly extendedKeyUsage: readonly string[] | null;
  readonly subjectKeyId: string | null;
  readonly authorityKeyId: string | null;
  readonly extensions: readonly ExtensionInspection[];
  readonly warnings: readonly InspectionWarning[];
}

export interface RequestInspection extends NamesInspection {
  readonly kind: "certificate-request";
  readonly publicKey: KeyInspection;
  readonly signatureAlgorithm: string;
  /** Null where key or algorithm are not supported. */
  readonly signatureValid: boolean | null;
  /** Of the whole request, lower-case hexadecimal. */
  readonly sha256: string;
  readonly extensions: readonly ExtensionInspection[];
  readonly warnings: readonly InspectionWarning[];
}

export interface PrivateKeyInspection {
  readonly kind: "private-key";
  readonly format: "pkcs8" | "pkcs1" | "sec1" | "talos";
  readonly publicKey: KeyInspection;
  readonly warnings: readonly InspectionWarning[];
}

export interface PublicKeyInspection {
  readonly kind: "public-key";
  readonly publicKey: KeyInspection;
  readonly warnings: readonly InspectionWarning[];
}

/** What is told of one block of a file. JSON-safe: texts, numbers, booleans, null, lists. */
export type Inspection =
  | CertificateInspection
  | RequestInspection
  | PrivateKeyInspection
  | PublicKeyInspection
  /** A private key with a passphrase: nothing more can be told. */
  | { readonly kind: "encrypted-key" }
  /** A block of another kind, such as `EC PARAMETERS` or `X509 CRL`. */
  | { readonly kind: "other"; readonly label: string; readonly bytes: number }
  | {
      readonly kind: "unreadable";
      readonly label: string;
      readonly code: string;
      readonly message: string;
    };
