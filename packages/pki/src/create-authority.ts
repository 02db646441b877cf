import { encodePem } from "@talos-bridge/pem";
import { createHash } from "node:crypto";
import { AUTHORITY_PROFILES, type AuthorityProfile } from "./authority-profile.ts";
import type { CertificateAuthority } from "./authority.ts";
import { readCertificate } from "./certificate.ts";
import { context, integer, octetString, sequence, time, toBytes, trueValue } from "./der-writer.ts";
import { encodeRdn } from "./distinguished-name.ts";
import { PkiError } from "./errors.ts";
import { encodeExtension } from "./extensions.ts";
import { generateKey, type GeneratedKeyType } from "./generate-key.ts";
import {
  extendedKeyUsageExtension,
  keyUsageExtension,
  newSerial,
  signTbs,
  VERSION_3,
  wholeSeconds,
} from "./issue.ts";
import { encodePrivateKey } from "./key-format.ts";
import { OID } from "./oids.ts";
import type { PrivateKey } from "./private-key.ts";
import { keyBits } from "./public-key.ts";
import { signatureAlgorithmDer } from "./signature.ts";

export interface CreateAuthorityInput {
  /** One of {@link AUTHORITY_PROFILES}, or a row like them; the Talos OS CA's if not given. */
  readonly profile?: AuthorityProfile;
  /** The profile's if not given. */
  readonly keyType?: GeneratedKeyType;
  /** The key to certify, as when a CA is renewed over its key; a new one if not given. */
  readonly privateKey?: PrivateKey;
  readonly now: Date;
  /** Milliseconds; 87,600 hours if not given, as Talos has it. */
  readonly lifetimeMs?: number;
  /** Source of `n` random bytes for the serial number; the system's if not given. */
  readonly random?: (n: number) => Uint8Array;
}

export interface CreatedAuthority extends CertificateAuthority {
  readonly certificatePem: string;
  /** In Talos's own format: see {@link encodePrivateKey} for others. */
  readonly keyPem: string;
}

const TEN_YEARS_MS = 87_600 * 3_600_000;

/**
 * Makes a self-signed CA as siderolabs/crypto x509/certificate_authority.go does: digitalSignature and keyCertSign, serverAuth
 * and clientAuth, CA:TRUE, no names. The key identifier is derived from the key (RFC 7093 §2 method 1) where Talos's is random,
 * so that a CA renewed over its key keeps it. Throws ERR_PKI_VALIDITY where the lifetime is not above zero.
 */
export async function createCertificateAuthority(input: CreateAuthorityInput): Promise<CreatedAuthority> {
  const { profile = AUTHORITY_PROFILES.talos, now, lifetimeMs = TEN_YEARS_MS } = input;
  if (!(lifetimeMs > 0)) throw new PkiError("ERR_PKI_VALIDITY", "the lifetime is not above zero");
  const privateKey = input.privateKey ?? (await generateKey(input.keyType ?? profile.keyType));
  const { spki, type } = privateKey.publicKey;
  const name = sequence(...encodeRdn(OID.organization, [profile.organization]));
  const keyId = createHash("sha256").update(keyBits(spki)).digest().subarray(0, 20);
  const tbs = sequence(
    VERSION_3,
    integer(newSerial(input.random)),
    signatureAlgorithmDer(type),
    name,
    sequence(time(wholeSeconds(now.getTime())), time(wholeSeconds(now.getTime() + lifetimeMs))),
    name,
    spki,
    context(
      3,
      true,
      sequence(
        keyUsageExtension(["digitalSignature", "keyCertSign"]),
        extendedKeyUsageExtension([OID.serverAuth, OID.clientAuth]),
        encodeExtension(OID.basicConstraints, true, sequence(trueValue())),
        encodeExtension(OID.subjectKeyIdentifier, false, octetString(keyId)),
      ),
    ),
  );
  const der = await signTbs({ privateKey }, toBytes(tbs));
  return {
    certificate: readCertificate(der),
    privateKey,
    certificatePem: encodePem("CERTIFICATE", der),
    keyPem: encodePrivateKey(privateKey, "talos"),
  };
}
