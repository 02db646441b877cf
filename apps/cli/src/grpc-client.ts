import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { CliError } from "./cli-error.ts";
import { throwIfEnded, type CommandContext } from "./command-context.ts";
import { baseUrl, type Endpoint } from "./endpoint.ts";
import { probeError } from "./tls-probe.ts";

/** Bytes of an answer: certificates of a handful of CAs, or a sealed key. The library would take 4 GiB. */
const MAX_ANSWER_BYTES = 1_048_576;

/** Runs `work` with a client of one connection that ends with it. What the other side says becomes a CliError. */
export async function withClient<Service extends DescService, T>(
  context: CommandContext,
  service: Service,
  endpoint: Endpoint,
  ca: string | undefined,
  work: (client: Client<Service>) => Promise<T>,
): Promise<T> {
  const url = baseUrl(endpoint);
  const sockets: Socket[] = [];
  const sessionManager = new Http2SessionManager(url, undefined, {
    createConnection() {
      const socket = openSocket(endpoint, ca);
      sockets.push(socket);
      return socket;
    },
  });
  const transport = createGrpcTransport({ baseUrl: url, sessionManager, readMaxBytes: MAX_ANSWER_BYTES });
  try {
    return await work(createClient(service, transport));
  } catch (error) {
    throwIfEnded(context, error);
    throw error instanceof ConnectError ? cliErrorOf(error, endpoint) : error;
  } finally {
    // Not by abort() of the manager: it stops listening to a session that has an error still to tell, which ends the process.
    for (const socket of sockets) socket.destroy();
  }
}

function openSocket({ host, port, secure }: Endpoint, ca: string | undefined): Socket {
  if (!secure) return connectPlain({ host, port });
  return connectTls({
    host,
    port,
    ALPNProtocols: ["h2"],
    ...(ca !== undefined && { ca }),
    ...(isIP(host) === 0 && { servername: host }),
  });
}

/** TLS's own codes, wherever in the chain of causes they are. */
const NOT_TRUSTED = /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS_)/;
const NO_HTTP2 = /^ERR_HTTP2_(?:SESSION_)?ERROR$/;

function cliErrorOf(error: ConnectError, endpoint: Endpoint): CliError {
  const url = baseUrl(endpoint);
  const cause = systemError(error);
  if (cause === undefined) {
    return new CliError("TB2003", `${url} refused: ${Code[error.code]}: ${error.rawMessage}`, {
      cause: error,
    });
  }
  const { code } = cause;
  if (NOT_TRUSTED.test(code)) {
    return new CliError("TB2002", `${url}: the certificate is not trusted: ${code}`, { cause: error });
  }
  if (NO_HTTP2.test(code)) {
    return new CliError("TB2005", `${url}: no gRPC is spoken there: ${code}`, { cause: error });
  }
  return probeError(endpoint, cause);
}

function systemError(error: unknown): (Error & { readonly code: string }) | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++) {
    if (hasSystemCode(each)) return each;
  }
  return undefined;
}

function hasSystemCode(error: Error): error is Error & { readonly code: string } {
  return "code" in error && typeof error.code === "string" && /^[A-Z][A-Z0-9_]+$/.test(error.code);
}
