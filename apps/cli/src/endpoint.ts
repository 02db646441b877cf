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
