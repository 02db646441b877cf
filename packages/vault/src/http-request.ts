import { X509Certificate } from "node:crypto";
import type { SrvRecord } from "node:dns";
import { resolveSrv } from "node:dns/promises";
import type { Agent, IncomingMessage, RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { createSecureContext } from "node:tls";
import { hostOf, parseAddress, type VaultAddress } from "./address.ts";
import { isVaultError, VaultError } from "./errors.ts";
import type { VaultHttpRequest, VaultHttpResponse, VaultRequest } from "./request.ts";

// Not by import, which evaluates all that node:http exports: WebSocket is one, and loads Node's fetch, 17 MiB and 50 ms.
const { Agent: HttpAgent, request: httpRequest } = process.getBuiltinModule("node:http");

/** What TLS connections to Vault are made with. */
export interface VaultTls {
  /** PEM certificates that alone are trusted; the system's if not given. */
  readonly ca?: string | readonly string[] | undefined;
  /** PEM of the client's certificate and its key, both or none. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name in Vault's certificate, where it is not the address's host. */
  readonly serverName?: string | undefined;
  /** Trust anybody. */
  readonly skipVerify?: boolean | undefined;
}

export interface HttpRequestOptions {
  /** `https://host:8200`, `http://…`, or `unix:///path` of an agent's socket. */
  readonly address: string;
  readonly tls?: VaultTls;
  /** Proxy URL by scheme, as in the environment names `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`. */
  readonly proxy?: Readonly<Record<string, string>> | undefined;
  /** Follow one redirect, as from a standby to the active node. True if not given. */
  readonly followRedirects?: boolean;
  /** Find host and port by DNS SRV (`_http._tcp.HOST`) where the address has no port. */
  readonly srvLookup?: boolean;
  readonly resolveSrv?: (name: string) => Promise<readonly SrvRecord[]>;
}

export interface HttpRequester {
  readonly request: VaultRequest;
  /**
   * Makes new connections with other TLS material; requests under way end on the old one.
   *
   * @throws VaultError `ERR_VAULT_CREDENTIALS` where it cannot be used, and then the old one stays
   */
  setTls(tls: VaultTls): void;
  /** Closes connections as they fall idle. */
  close(): void;
}

const IDLE_CONNECTION_MS = 60_000;
const MAX_CONNECTIONS = 128;
const MAX_ANSWER_LENGTH = 4 * 1024 * 1024;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307, 308]);

interface Pool {
  readonly http: Agent;
  readonly https: HttpsAgent;
  inFlight: number;
  retired: boolean;
}

/**
 * Carries requests over kept HTTP/1.1 connections of node:http or node:https; nothing is read from the environment.
 * One redirect is followed with method and body, as Vault's own client does, but never from https to http.
 *
 * @throws VaultError `ERR_VAULT_ARGUMENT` for an address that cannot be one, `ERR_VAULT_CREDENTIALS` for unusable TLS
 */
export function createHttpRequest(options: HttpRequestOptions): HttpRequester {
  const { followRedirects = true, srvLookup = false, resolveSrv: lookUp = resolveSrv } = options;
  const address = parseAddress(options.address);
  let tls = options.tls ?? {};
  let pool = createPool(tls, options.proxy);

  async function request(message: VaultHttpRequest): Promise<VaultHttpResponse> {
    const used = pool;
    used.inFlight += 1;
    try {
      const target = srvLookup && address.port === undefined ? await locate(address, lookUp) : address;
      const response = await exchange(target, message, used);
      const location = response.headers["location"];
      if (!followRedirects || !REDIRECTS.has(response.status) || typeof location !== "string")
        return response;
      return await exchange(redirectTarget(location, target, message.path), message, used);
    } finally {
      used.inFlight -= 1;
      release(used);
    }
  }

  return {
    request,
    setTls(next) {
      const fresh = createPool(next, options.proxy);
      const old = pool;
      tls = next;
      pool = fresh;
      old.retired = true;
      release(old);
    },
    close() {
      pool.retired = true;
      release(pool);
    },
  };

  async function exchange(
    target: VaultAddress,
    message: VaultHttpRequest,
    used: Pool,
  ): Promise<VaultHttpResponse> {
    try {
      return await exchangeOnce(target, message, used, tls.serverName);
    } catch (error) {
      // Vault closed an idle connection just as it was taken up again: nothing was read of the request.
      if (error instanceof StaleConnection) return await exchangeOnce(target, message, used, tls.serverName);
      throw error;
    }
  }
}

class StaleConnection extends Error {}

function exchangeOnce(
  target: VaultAddress,
  message: VaultHttpRequest,
  pool: Pool,
  serverName: string | undefined,
): Promise<VaultHttpResponse> {
  const { method, path, headers, body, signal } = message;
  return new Promise((resolve, reject) => {
    const options: RequestOptions & { servername?: string } = {
      ...(target.socketPath === undefined
        ? { host: target.host, port: target.port ?? (target.secure ? 443 : 80) }
        : { socketPath: target.socketPath }),
      method,
      path: target.basePath + path,
      headers: body === undefined ? headers : { ...headers, "Content-Length": Buffer.byteLength(body) },
      agent: target.secure ? pool.https : pool.http,
      ...(target.secure && serverName !== undefined && { servername: serverName }),
    };
    const sent = target.secure ? httpsRequest(options) : httpRequest(options);
    let answered = false;
    // The option `signal` would watch the stream's end as well, at a third of the request's cost.
    const onAbort = (): void => {
      // Kept connections that go silent do so together; the next attempt must not meet another of them.
      // A caller that goes away says nothing about them.
      if (isVaultError(signal.reason, "ERR_VAULT_TIMEOUT")) dropIdle(pool);
      sent.destroy(new DOMException("the request was aborted", "AbortError"));
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    sent.on("close", () => signal.removeEventListener("abort", onAbort));
    sent.on("response", (response) => {
      answered = true;
      readBody(response, resolve, reject);
    });
    sent.on("error", (error) => {
      const stale = sent.reusedSocket && !answered && "code" in error && error.code === "ECONNRESET";
      reject(stale ? new StaleConnection(error.message, { cause: error }) : error);
    });
    sent.end(body);
  });
}

function readBody(
  response: IncomingMessage,
  resolve: (response: VaultHttpResponse) => void,
  reject: (error: Error) => void,
): void {
  let body = "";
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    body += chunk;
    if (body.length > MAX_ANSWER_LENGTH) response.destroy(new Error("the answer is too long"));
  });
  response.on("error", reject);
  response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
}

function redirectTarget(location: string, from: VaultAddress, path: string): VaultAddress {
  let url: URL;
  try {
    url = new URL(location, `${from.secure ? "https" : "http"}://${from.host}:${from.port ?? ""}`);
  } catch (cause) {
    throw new VaultError("ERR_VAULT_REDIRECTED", "vault redirects to what is no address", { cause });
  }
  const secure = url.protocol === "https:";
  if (url.protocol !== "http:" && !secure) {
    throw new VaultError("ERR_VAULT_REDIRECTED", "vault redirects to a scheme other than http and https");
  }
  if (from.secure && !secure) {
    throw new VaultError(
      "ERR_VAULT_REDIRECTED",
      "vault redirects from https to http, where the token would be seen",
    );
  }
  const bare = path.split("?")[0] ?? path;
  if (!url.pathname.endsWith(bare)) {
    throw new VaultError("ERR_VAULT_REDIRECTED", "vault redirects to another operation");
  }
  return {
    secure,
    host: hostOf(url),
    port: url.port === "" ? undefined : Number(url.port),
    socketPath: undefined,
    basePath: url.pathname.slice(0, -bare.length),
  };
}

async function locate(
  address: VaultAddress,
  lookUp: (name: string) => Promise<readonly SrvRecord[]>,
): Promise<VaultAddress> {
  const records = await lookUp(`_http._tcp.${address.host}`);
  const [best] = records.toSorted((a, b) => a.priority - b.priority || b.weight - a.weight);
  return best === undefined ? address : { ...address, host: best.name, port: best.port };
}

function createPool(tls: VaultTls, proxy: Readonly<Record<string, string>> | undefined): Pool {
  const { ca, cert, key, skipVerify = false } = tls;
  if ((cert === undefined) !== (key === undefined)) {
    throw new VaultError("ERR_VAULT_CREDENTIALS", "a client certificate and its key go together");
  }
  const material = {
    ...(ca !== undefined && { ca: typeof ca === "string" ? ca : [...ca] }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
  };
  try {
    // node:tls passes over a CA that it cannot read, and then every connection fails.
    for (const pem of [ca ?? []].flat()) void new X509Certificate(pem);
    createSecureContext(material);
  } catch (cause) {
    throw new VaultError("ERR_VAULT_CREDENTIALS", "CA, client certificate or key can't be used for TLS", {
      cause,
    });
  }
  const common = {
    keepAlive: true,
    timeout: IDLE_CONNECTION_MS,
    maxSockets: MAX_CONNECTIONS,
    maxFreeSockets: MAX_CONNECTIONS,
    scheduling: "lifo" as const,
    ...(proxy !== undefined && { proxyEnv: { ...proxy } }),
  };
  return {
    http: new HttpAgent(common),
    https: new HttpsAgent({
      ...common,
      ...material,
      minVersion: "TLSv1.2",
      rejectUnauthorized: !skipVerify,
    }),
    inFlight: 0,
    retired: false,
  };
}

function release(pool: Pool): void {
  if (!pool.retired || pool.inFlight > 0) return;
  pool.http.destroy();
  pool.https.destroy();
}

function dropIdle({ http, https }: Pool): void {
  for (const sockets of [http.freeSockets, https.freeSockets]) {
    for (const socket of Object.values(sockets).flat()) socket?.destroy();
  }
}
