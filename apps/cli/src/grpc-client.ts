import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { CliError } from "./cli-error.ts";
import { throwIfEnded, type CommandContext } from "./command-context.ts";
import { baseUrl, type Endpoint } from "./endpoint.ts";

/** Runs `work` with a client of one connection that ends with it. What the other side says becomes a CliError. */
export async function withClient<Service extends DescService, T>(
  context: CommandContext,
  service: Service,
  endpoint: Endpoint,
  ca: string | undefined,
  work: (client: Client<Service>) => Promise<T>,
): Promise<T> {
  const url = baseUrl(endpoint);
  const sessionManager = new Http2SessionManager(url, undefined, ca === undefined ? {} : { ca });
  try {
    return await work(createClient(service, createGrpcTransport({ baseUrl: url, sessionManager })));
  } catch (error) {
    throwIfEnded(context, error);
    throw error instanceof ConnectError ? cliErrorOf(error, url) : error;
  } finally {
    sessionManager.abort();
  }
}

/** TLS's own codes, wherever in the chain of causes they are. */
const TLS_CODE = /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS_|ERR_SSL_)/;

function cliErrorOf(error: ConnectError, url: string): CliError {
  const code = systemCode(error);
  if (code !== undefined && TLS_CODE.test(code)) {
    return new CliError("TB2002", `${url}: the certificate is not trusted: ${code}`, { cause: error });
  }
  if (code !== undefined) return new CliError("TB2001", `${url}: no connection: ${code}`, { cause: error });
  return new CliError("TB2003", `${url} refused: ${Code[error.code]}: ${error.rawMessage}`, { cause: error });
}

function systemCode(error: unknown): string | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++) {
    if ("code" in each && typeof each.code === "string" && /^[A-Z][A-Z0-9_]+$/.test(each.code))
      return each.code;
  }
  return undefined;
}
