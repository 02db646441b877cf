import { readCertificate, type Certificate } from "@talos-bridge/pki";
import { sign } from "node:crypto";
import { bits, bool, der, extension, int, name, oid, seq, text, type OidName } from "./der.ts";
import { keyOf } from "./keys.ts";
import { spkiOf } from "./request.ts";

/** Keys that sign here, all with SHA-256 or their own digest. */
export type SigningKey = "ed25519" | "p256";

export interface CertificateParts {
  readonly subject: string;
  /** Itself if not given. */
  readonly issuer?: string;
  readonly key?: SigningKey;
  readonly signedWith?: SigningKey;
  readonly extensions?: readonly Uint8Array[];
  /** UTCTime. */
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly serial?: string;
  readonly spki?: Uint8Array;
}

/** The DER of a certificate of whatever parts, valid within 2029 to 2031 and signed. */
export function certificateDer(parts: CertificateParts): Buffer {
  const { subject, issuer = subject, key = "ed25519", signedWith = key, extensions = [] } = parts;
  const algorithm = seq(oid(signedWith === "ed25519" ? "ed25519" : "ecdsaWithSha256"));
  const tbs = seq(
    der(0xa0, int("02")),
    int(parts.serial ?? "05"),
    algorithm,
    organization(issuer),
    seq(text(0x17, parts.notBefore ?? "290101000000Z"), text(0x17, parts.notAfter ?? "310101000000Z")),
    organization(subject),
    parts.spki ?? spkiOf(keyOf(key)),
    ...(extensions.length === 0 ? [] : [der(0xa3, seq(...extensions))]),
  );
  return seq(tbs, algorithm, bits(sign(signedWith === "ed25519" ? null : "sha256", tbs, keyOf(signedWith))));
}

export const certificateOf = (parts: CertificateParts): Certificate => readCertificate(certificateDer(parts));

function organization(value: string): Buffer {
  return value === "" ? name() : name(["organization", value]);
}

/** basicConstraints with CA:TRUE and, where given, a path length below 128. */
export function caFlag(pathLength?: number): Buffer {
  const length = pathLength === undefined ? [] : [int(pathLength.toString(16).padStart(2, "0"))];
  return extension("basicConstraints", seq(bool(0xff), ...length), bool(0xff));
}

export const purposes = (...ids: readonly OidName[]): Buffer =>
  extension("extendedKeyUsage", seq(...ids.map(oid)));
