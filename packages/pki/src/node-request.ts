import type { Certificate } from "./certificate.ts";
import { createCertificateRequest } from "./create-request.ts";
import { PkiError } from "./errors.ts";
import { generateKey, type GeneratedKeyType } from "./generate-key.ts";
import type { Names } from "./issue.ts";
import { encodePrivateKey } from "./key-format.ts";
import type { PrivateKey } from "./private-key.ts";

/** A node's key and the request for its certificate. */
export interface NodeRequest {
  readonly requestPem: string;
  readonly privateKey: PrivateKey;
  /** In Talos's own format: see {@link encodePrivateKey} for others. */
  readonly keyPem: string;
}

/**
 * Makes a new key and the request for it, as a Talos worker does each time it asks trustd (siderolabs/crypto x509/csr.go,
 * NewEd25519CSRAndIdentity and its siblings). RSA takes seconds.
 */
export async function createNodeRequest(input: {
  readonly names: Names;
  /** `ed25519` if not given; see {@link nodeKeyType}. */
  readonly keyType?: GeneratedKeyType;
}): Promise<NodeRequest> {
  const privateKey = await generateKey(input.keyType ?? "ed25519");
  const requestPem = await createCertificateRequest({ names: input.names, privateKey });
  return { requestPem, privateKey, keyPem: encodePrivateKey(privateKey, "talos") };
}

/**
 * The type of key that a Talos worker makes which trusts these CAs: that of the last one; P-256 for any ECDSA, 4096 bits for
 * any RSA (siderolabs/crypto x509/csr.go, NewCSRAndIdentityFromCA). Throws ERR_PKI_BUNDLE for none.
 */
export function nodeKeyType(acceptedCas: readonly Certificate[]): GeneratedKeyType {
  const type = acceptedCas.at(-1)?.publicKey.type;
  if (type === undefined) throw new PkiError("ERR_PKI_BUNDLE", "no accepted CA");
  if (type === "ed25519") return type;
  return type === "rsa" ? "rsa-4096" : "ecdsa-p256";
}
