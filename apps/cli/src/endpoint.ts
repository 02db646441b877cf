import { InvalidArgumentError } from "commander";
import { isIPv6 } from "node:net";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

/** `HOST:PORT`, IPv6 in brackets; with a default the port may be left out. For commander. */
export function hostPort(defaultPort?: number): (text: string) => Endpoint {
  return (text) => {
    const { host = "", port } =
      /^(?<host>\[[^\]]+\]|[^:[\]/@]+)(?::(?<port>[0-9]{1,5}))?$/.exec(text)?.groups ?? {};
    const number = port === undefined ? defaultPort : Number(port);
    if (host === "" || number === undefined || number < 1 || number > 65_535) {
      throw new InvalidArgumentError(`It must be HOST:PORT${defaultPort === undefined ? "" : " or HOST"}.`);
    }
    return { host: unbracketed(host), port: number, secure: true };
  };
}

/**
 * A KMS endpoint as Talos reads it (siderolabs/talos internal/pkg/endpoint): `grpc://` and no scheme at all are plaintext,
 * any other scheme is TLS. Here only `https://` and `grpcs://` are taken for it: the rest are mistakes.
 */
export function kmsEndpoint(text: string): Endpoint {
  const { scheme = "grpc", rest = "" } = /^(?:(?<scheme>[a-z]+):\/\/)?(?<rest>.*)$/.exec(text)?.groups ?? {};
  if (!["grpc", "grpcs", "https"].includes(scheme)) {
    throw new InvalidArgumentError("It must begin with https:// (TLS) or grpc:// (plaintext).");
  }
  return { ...hostPort(scheme === "https" ? 443 : undefined)(rest), secure: scheme !== "grpc" };
}

/** The base URL for a client. */
export function baseUrl({ host, port, secure }: Endpoint): string {
  return `${secure ? "https" : "http"}://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

function unbracketed(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}
