import { encodePem } from "@talos-bridge/pem";
import { bitString, context, integer, oid, sequence, set, toBytes } from "./der-writer.ts";
import { encodeRdn } from "./distinguished-name.ts";
import { encodeExtension } from "./extensions.ts";
import type { Names } from "./issue.ts";
import { OID } from "./oids.ts";
import type { PrivateKey } from "./private-key.ts";
import { sign, signatureAlgorithmDer } from "./signature.ts";
import { encodeAltNames } from "./subject-alt-name.ts";

export interface CreateRequestInput {
  readonly names: Names;
  readonly privateKey: PrivateKey;
  /** Roles that a client asks for; a signer drops them. None if not given. */
  readonly organization?: string;
}

/** Makes a PKCS#10 request (RFC 2986) as a Talos node does (siderolabs/crypto x509/csr.go). PEM. */
export async function createCertificateRequest({
  names,
  privateKey,
  organization = "",
}: CreateRequestInput): Promise<string> {
  const { type, spki } = privateKey.publicKey;
  const extensions =
    names.dnsNames.length + names.ipAddresses.length === 0
      ? []
      : [encodeExtension(OID.subjectAltName, false, encodeAltNames(names))];
  const attributes =
    extensions.length === 0 ? [] : [sequence(oid(OID.extensionRequest), set(sequence(...extensions)))];
  const info = toBytes(
    sequence(
      integer(Uint8Array.of(0)),
      sequence(
        ...encodeRdn(OID.organization, [organization]),
        ...encodeRdn(OID.commonName, [names.commonName]),
      ),
      spki,
      context(0, true, ...attributes),
    ),
  );
  const signature = await sign(type, privateKey.key, info);
  const request = sequence(info, signatureAlgorithmDer(type), bitString(signature));
  return encodePem("CERTIFICATE REQUEST", toBytes(request));
}
