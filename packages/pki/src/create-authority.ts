import { encodePem } from "@talos-bridge/pem";
import { createHash } from "node:crypto";
import { context, integer, octetString, sequence, time, toBytes, trueValue } from "./der-writer.ts";
import { encodeName } from "./distinguished-name.ts";
import { encodeExtension } from "./extensions.ts";
import {
  extendedKeyUsageExtension,
  keyUsageExtension,
  newSerial,
  signTbs,
  VERSION_3,
  wholeSeconds,
} from "./issue.ts";
import { generateKey, type GeneratedKeyType } from "./generate-key.ts";
import { OID } from "./oids.ts";
import type { PrivateKey } from "./private-key.ts";
import { keyBits } from "./public-key.ts";
import { signatureAlgorithmDer } from "./signature.ts";

export interface CreateAuthorityInput {
  /** `ed25519` if not given, as Talos has it. */
  readonly keyType?: GeneratedKeyType;
  /** The key to certify, as when a CA is renewed over its key; a new one of `keyType` if not given. */
  readonly privateKey?: PrivateKey;
  /** `talos` if not given, the Talos OS CA's. */
  readonly organization?: string;
  readonly now: Date;
  /** Milliseconds; 87,600 hours if not given, as Talos has it. */
  readonly lifetimeMs?: number;
}

export interface CreatedAuthority {
  readonly certificatePem: string;
  /** PKCS#8 under the label of RFC 7468. */
  readonly keyPem: string;
}

const TEN_YEARS_MS = 87_600 * 3_600_000;

/**
 * Makes a self-signed CA as siderolabs/crypto makes the Talos OS CA: subject `O=talos`, digitalSignature and keyCertSign,
 * serverAuth and clientAuth, CA:TRUE, a key identifier by RFC 7093 §2 method 1.
 */
export async function createCertificateAuthority(input: CreateAuthorityInput): Promise<CreatedAuthority> {
  const { keyType = "ed25519", organization = "talos", now, lifetimeMs = TEN_YEARS_MS } = input;
  const privateKey = input.privateKey ?? (await generateKey(keyType));
  const { spki, type } = privateKey.publicKey;
  const name = encodeName([[OID.organization, organization]]);
  const keyId = createHash("sha256").update(keyBits(spki)).digest().subarray(0, 20);
  const tbs = sequence(
    VERSION_3,
    integer(newSerial()),
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
  return {
    certificatePem: encodePem("CERTIFICATE", await signTbs({ privateKey }, toBytes(tbs))),
    keyPem: encodePem("PRIVATE KEY", privateKey.key.export({ type: "pkcs8", format: "der" })),
  };
}
