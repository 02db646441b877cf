import { InvalidArgumentError } from "commander";
import { isIPv6 } from "node:net";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

const HOST_PORT = /^(?<host>\[[0-9a-f:.]+\]|[\p{L}\p{N}._-]+)(?::(?<port>[0-9]{1,5}))?$/iu;

/** `HOST:PORT`, IPv6 in brackets; with a default the port may be left out. For commander. */
export function hostPort(defaultPort?: number): (text: string) => Endpoint {
  return (text) => {
    const { host = "", port } = HOST_PORT.exec(text)?.groups ?? {};
    const number = port === undefined ? defaultPort : Number(port);
    if (number === undefined || number < 1 || number > 65_535 || !URL.canParse(`https://${host}`)) {
      throw new InvalidArgumentError(`It must be HOST:PORT${defaultPort === undefined ? "" : " or HOST"}.`);
    }
    return { host: unbracketed(host), port: number, secure: true };
  };
}

/** A host alone, IPv6 with or without brackets, which are left out. For commander. */
export function hostAlone(text: string): string {
  const { host, port } = HOST_PORT.exec(isIPv6(text) ? `[${text}]` : text)?.groups ?? {};
  if (host === undefined || port !== undefined || !URL.canParse(`https://${host}`)) {
    throw new InvalidArgumentError("It must be a name or an address, without scheme and port.");
  }
  return unbracketed(host);
}

/** A port from 1 on. For commander. */
export function portNumber(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port > 0 && port < 65_536) return port;
  throw new InvalidArgumentError("It must be a port, 1 to 65535.");
}

/** The base URL for a client. */
export function baseUrl(endpoint: Endpoint): string {
  return `${endpoint.secure ? "https" : "http"}://${hostAndPort(endpoint)}`;
}

/** An IPv6 address without its brackets; any other host as it is. */
export function unbracketed(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}

/** As people write it: `HOST:PORT`, IPv6 in brackets. */
export function hostAndPort({ host, port }: Endpoint): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
