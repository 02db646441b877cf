import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { healthReport, type HealthCheck } from "./health-report.ts";
import type { Metrics } from "./metrics.ts";

// Not by import, which evaluates all that node:http exports: WebSocket is one, and loads Node's fetch, 17 MiB and 50 ms.
const { createServer } = process.getBuiltinModule("node:http");

/** What a route answers. */
export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface AdminServerOptions {
  /** Where to listen; without a host on all addresses. */
  readonly address: { readonly host: string | undefined; readonly port: number };
  /** All must pass for `/readyz`. Liveness has no checks: it must not depend on anything outside the process. */
  readonly ready: readonly HealthCheck[];
  readonly metrics: Pick<Metrics, "text" | "contentType">;
  /** Further paths, such as `/leader`. */
  readonly routes?: Readonly<Record<string, () => AdminAnswer>>;
}

/** A running server, or the system's reason why it cannot listen, such as `EADDRINUSE`. */
export type AdminServerStart =
  | { readonly ok: true; readonly port: number; readonly close: () => Promise<void> }
  | { readonly ok: false; readonly code: string };

type Route = (verbose: boolean) => AdminAnswer | Promise<AdminAnswer>;

const TEXT = "text/plain; charset=utf-8";
const MAX_CONNECTIONS = 64;
const LIMITS = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 65_000, // longer than the usual scrape intervals of 15 to 60 s
} as const;

/**
 * Serves health and metrics over plain HTTP: `/livez` (and `/healthz`, the Go proxy's liveness path), `/readyz` (and
 * `/ready`), each with `?verbose`, and `/metrics`. GET and HEAD only, no bodies. A port that cannot be had is a value:
 * the caller knows whether somebody asked for it.
 */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServerStart> {
  const routes = new Map<string, Route>();
  const ready = (verbose: boolean): AdminAnswer => healthAnswer(options.ready, verbose);
  for (const path of ["/livez", "/healthz"]) routes.set(path, (verbose) => healthAnswer([], verbose));
  for (const path of ["/readyz", "/ready"]) routes.set(path, ready);
  routes.set("/metrics", async () => ({
    status: 200,
    contentType: options.metrics.contentType,
    body: await options.metrics.text(),
  }));
  for (const [path, route] of Object.entries(options.routes ?? {})) routes.set(path, route);

  const server = createServer(LIMITS, (request, response) => {
    respond(request, response, routes).catch(() => response.destroy());
  });
  server.maxRequestsPerSocket = 1_000;
  server.setTimeout(LIMITS.keepAliveTimeout + 5_000);
  server.on("clientError", (_error, socket) => socket.destroy());
  makeRoom(server);
  return listen(server, options.address);
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  routes: ReadonlyMap<string, Route>,
): Promise<void> {
  const [path = "", query] = (request.url ?? "").split("?", 2);
  const { status, contentType, body } = await answerTo(request, routes.get(path), query);
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(status === 405 && { allow: "GET, HEAD" }),
    // A body would have to be read before the next request; nobody who asks for health sends one.
    ...(hasBody(request) && { connection: "close" }),
  });
  response.end(body); // which node:http leaves out of an answer to HEAD
}

async function answerTo(
  request: IncomingMessage,
  route: Route | undefined,
  query: string | undefined,
): Promise<AdminAnswer> {
  if (request.method !== "GET" && request.method !== "HEAD") return plain(405, "method not allowed\n");
  if (hasBody(request)) return plain(413, "no body is taken\n");
  if (route === undefined) return plain(404, "not found\n");
  try {
    return await route(new URLSearchParams(query).has("verbose"));
  } catch {
    return plain(500, "internal error\n");
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

function plain(status: number, body: string): AdminAnswer {
  return { status, contentType: TEXT, body };
}

function healthAnswer(checks: readonly HealthCheck[], verbose: boolean): AdminAnswer {
  const { ok, text } = healthReport(checks, verbose);
  return plain(ok ? 200 : 503, text);
}

/** At the cap the oldest connection goes, not the newest: held-open ones must not keep the kubelet's probe out. */
function makeRoom(server: Server): void {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    const [oldest] = sockets;
    if (sockets.size > MAX_CONNECTIONS) oldest?.destroy();
  });
}

function listen(server: Server, { host, port }: AdminServerOptions["address"]): Promise<AdminServerStart> {
  return new Promise((resolve) => {
    server.once("error", (error) =>
      resolve({ ok: false, code: "code" in error ? String(error.code) : error.name }),
    );
    server.listen({ port, ...(host !== undefined && { host }) }, () => {
      // Past this point an error concerns one accept, such as a lack of descriptors, and the server goes on.
      server.on("error", () => undefined);
      resolve({ ok: true, port: portOf(server.address()), close: () => close(server) });
    });
  });
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
