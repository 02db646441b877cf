import { isIP } from "node:net";
import { connect, type ConnectionOptions, type DetailedPeerCertificate } from "node:tls";
import { CliError } from "./cli-error.ts";
import { throwIfEnded, type CommandContext } from "./command-context.ts";
import { baseUrl, type Endpoint } from "./endpoint.ts";

/** What a TLS server shows before anything is trusted. */
export interface TlsProbe {
  /** DER, the server's own certificate first, as it was sent; the root only if the server sent it. */
  readonly chain: readonly Uint8Array[];
  /** Such as `TLSv1.3`. */
  readonly protocol: string;
}

export interface ProbeOptions {
  /** PEM of a client certificate and its key, for servers that ask for one. */
  readonly cert?: string;
  readonly key?: string;
}

/** Milliseconds that a handshake may take. */
export const PROBE_MS = 10_000;

/** Shakes hands without trusting, and looks. Throws TB2001 where there is no connection, TB2005 where it is not TLS. */
export async function probeTls(
  context: CommandContext,
  endpoint: Endpoint,
  options: ProbeOptions = {},
): Promise<TlsProbe> {
  const { host, port } = endpoint;
  const { promise, resolve, reject } = Promise.withResolvers<TlsProbe>();
  const settings: ConnectionOptions = {
    host,
    port,
    ALPNProtocols: ["h2"],
    // The question is what is there, not whether it is good.
    rejectUnauthorized: false,
    ...(isIP(host) === 0 && { servername: host }),
    ...options,
  };
  const socket = connect(settings, () => {
    resolve({ chain: chainOf(socket.getPeerCertificate(true)), protocol: socket.getProtocol() ?? "unknown" });
  });
  socket.setTimeout(PROBE_MS, () => socket.destroy(new Error(`no answer within ${PROBE_MS / 1000} s`)));
  socket.on("error", reject);
  const abort = (): void => void socket.destroy(new Error("ended"));
  context.signal.addEventListener("abort", abort);
  try {
    return await promise;
  } catch (cause) {
    throwIfEnded(context, cause);
    throw probeError(endpoint, cause);
  } finally {
    context.signal.removeEventListener("abort", abort);
    socket.destroy();
  }
}

/** What became of a connection, by the code of Node's error: TB2001 where there was none, TB2005 where no TLS came of it. */
export function probeError(endpoint: Endpoint, cause: unknown): CliError {
  const at = baseUrl(endpoint);
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code.startsWith("ERR_SSL_")) {
    // An alert is TLS: the other side will not go on.
    const what = code.includes("_ALERT_") ? "the server ended the handshake" : "no TLS is spoken there";
    return new CliError("TB2005", `${at}: ${what}: ${code}`, { cause });
  }
  const why = code === "" && cause instanceof Error ? cause.message : code;
  return new CliError("TB2001", `${at}: no connection: ${why}`, { cause });
}

/** Node links each certificate to the one that issued it, and a root to itself. */
export function chainOf(leaf: DetailedPeerCertificate): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  const seen = new Set<DetailedPeerCertificate>();
  for (let each = leaf; each?.raw !== undefined && !seen.has(each); each = each.issuerCertificate) {
    seen.add(each);
    chain.push(each.raw);
  }
  return chain;
}
