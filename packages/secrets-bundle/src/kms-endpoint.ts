import { SecretsBundleError } from "./errors.ts";
import { errorAt, warningAt, type Finding } from "./finding.ts";

/** How a Talos node reads the address of a KMS. */
export interface KmsEndpoint {
  /** Name or address, an IPv6 one in brackets. */
  readonly host: string;
  readonly port: number;
  /** False: in the clear, the disk key too. */
  readonly tls: boolean;
}

const HTTPS_PORT = 443;
// The very expression of Talos, which looks for a scheme anywhere in the text.
const HAS_SCHEME = /[a-zA-z]+:\/\//;
const PARTS =
  /^(?<scheme>[a-zA-Z][a-zA-Z0-9+.-]*):\/\/(?<host>\[[0-9a-fA-F:.]+\]|[^:/?#[\]@\s]+)(?::(?<port>\d{1,5}))?(?:[/?#].*)?$/;

/**
 * Reads a KMS endpoint as Talos does (siderolabs/talos internal/pkg/endpoint/endpoint.go): no scheme means `grpc://`, which
 * means no TLS; every other scheme means TLS. Throws ERR_BUNDLE_INPUT for what no node can dial.
 */
export function parseKmsEndpoint(text: string): KmsEndpoint {
  const {
    scheme = "",
    host = "",
    port = String(HTTPS_PORT),
  } = PARTS.exec(HAS_SCHEME.test(text) ? text : `grpc://${text}`)?.groups ?? {};
  if (host === "" || Number(port) < 1 || Number(port) > 65_535)
    throw new SecretsBundleError("ERR_BUNDLE_INPUT", "the KMS endpoint has no host and port to dial");
  return { host, port: Number(port), tls: scheme.toLowerCase() !== "grpc" };
}

/** What is wrong with the KMS endpoint of a file. */
export function kmsEndpointFindings(text: string, path: string): readonly Finding[] {
  let endpoint;
  try {
    endpoint = parseKmsEndpoint(text);
  } catch (error) {
    if (!(error instanceof SecretsBundleError)) throw error;
    return [errorAt(path, "kms-endpoint", "has no host and port to dial")];
  }
  if (!endpoint.tls) {
    const why = HAS_SCHEME.test(text) ? "grpc:// means" : "no scheme means grpc://, which means";
    return [errorAt(path, "kms-plaintext", `${why} no TLS: disk keys travel in the clear; write https://`)];
  }
  return /^(?:https|grpcs):/i.test(text)
    ? []
    : [warningAt(path, "kms-endpoint", "is dialled with TLS, whatever its scheme says; write https://")];
}
