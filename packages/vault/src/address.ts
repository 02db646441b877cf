import { VaultError } from "./errors.ts";

/** Where requests go. */
export interface VaultAddress {
  readonly secure: boolean;
  /** Host name or IP address, IPv6 without brackets. */
  readonly host: string;
  /** Undefined: the scheme's. */
  readonly port: number | undefined;
  /** Path of a Unix socket, in place of host and port. */
  readonly socketPath: string | undefined;
  /** Put before `/v1/`, for a Vault behind a path; empty or beginning with `/`. */
  readonly basePath: string;
}

/**
 * Reads `https://host[:port][/path]`, `http://…` or `unix:///path`.
 *
 * @throws VaultError `ERR_VAULT_ARGUMENT`; the message does not hold the text, which may hold a password
 */
export function parseAddress(text: string): VaultAddress {
  if (text.startsWith("unix://")) {
    const socketPath = text.slice("unix://".length);
    if (!socketPath.startsWith("/")) throw refuse("a unix:// address needs the absolute path of a socket");
    return { secure: false, host: "localhost", port: undefined, socketPath, basePath: "" };
  }
  if (!URL.canParse(text)) throw refuse("an address looks like https://vault.example.com:8200");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw refuse("an address begins with https://, http:// or unix://");
  }
  if (url.username !== "" || url.password !== "") throw refuse("an address has no user name and no password");
  if (url.search !== "" || url.hash !== "") throw refuse("an address has no ? and no #");
  return {
    secure: url.protocol === "https:",
    host: hostOf(url),
    port: url.port === "" ? undefined : Number(url.port),
    socketPath: undefined,
    basePath: url.pathname.replace(/\/+$/, ""),
  };
}

/** The host without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function refuse(message: string): VaultError {
  return new VaultError("ERR_VAULT_ARGUMENT", message);
}
