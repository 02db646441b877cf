import { isIP } from "node:net";
import { connect } from "node:tls";
import { throwIfEnded, type CommandContext } from "./command-context.ts";
import type { Endpoint } from "./endpoint.ts";
import { chainOf, probeError, PROBE_MS } from "./tls-probe.ts";

/** How a TLS server takes a client certificate. */
export interface ClientProbe {
  /** DER, the server's own certificate first. */
  readonly chain: readonly Uint8Array[];
  readonly accepted: boolean;
}

// RFC 9113 §3.4, and an empty SETTINGS frame: a server answers with its own.
const HTTP2_PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0", "latin1");

/**
 * Shakes hands as a client with this certificate (PEM) and looks whether the server goes on. In TLS 1.3 a client is done before
 * the server has judged it, so the server's first byte counts, or its alert. Throws TB2001 for no connection, TB2005 for no TLS
 * and for an end that is neither.
 */
export async function probeClient(
  context: CommandContext,
  endpoint: Endpoint,
  client: { readonly certificate: string; readonly key: string },
): Promise<ClientProbe> {
  const { host, port } = endpoint;
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  let chain: readonly Uint8Array[] = [];
  const socket = connect({
    host,
    port,
    ALPNProtocols: ["h2"],
    cert: client.certificate,
    key: client.key,
    // The question is what is there, not whether it is good.
    rejectUnauthorized: false,
    ...(isIP(host) === 0 && { servername: host }),
  });
  socket.once("secureConnect", () => {
    chain = chainOf(socket.getPeerCertificate(true));
    socket.write(HTTP2_PREFACE);
  });
  socket.once("data", () => resolve(true));
  socket.once("end", () => reject(new Error("the connection was closed")));
  socket.on("error", (error) => (chain.length > 0 && isAlert(error) ? resolve(false) : reject(error)));
  socket.setTimeout(PROBE_MS, () => socket.destroy(new Error(`no answer within ${PROBE_MS / 1000} s`)));
  const abort = (): void => void socket.destroy(new Error("ended"));
  context.signal.addEventListener("abort", abort);
  try {
    return { accepted: await promise, chain };
  } catch (cause) {
    throwIfEnded(context, cause);
    throw probeError(endpoint, cause);
  } finally {
    context.signal.removeEventListener("abort", abort);
    socket.destroy();
  }
}

/** OpenSSL names the alert that it got: of an unknown CA, of a bad or missing certificate. */
function isAlert(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^ERR_SSL_.*_ALERT_/.test(String(error.code));
}
