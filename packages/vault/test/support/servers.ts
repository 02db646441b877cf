import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { VaultHttpRequest } from "@talos-bridge/vault";
import { onTestFinished } from "vitest";

/** PEM text of a file of test/fixtures. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8");
}

export interface TestServer {
  readonly port: number;
  readonly connections: Socket[];
}

/** Listens on loopback, or at a socket's path, until the test ends. */
export async function serve(
  listener: RequestListener,
  tls?: ServerOptions,
  path?: string,
): Promise<TestServer> {
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  const connections: Socket[] = [];
  server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) =>
    connections.push(socket),
  );
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, "127.0.0.1", resolve);
    else server.listen(path, resolve);
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const bound: AddressInfo | string | null = server.address();
  return { port: typeof bound === "object" && bound !== null ? bound.port : 0, connections };
}

/** Answers each request with its own line, token and body. */
export const echo: RequestListener = (request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, token: headers["x-vault-token"], body }));
  });
};

export function post(signal: AbortSignal = new AbortController().signal): VaultHttpRequest {
  return {
    method: "POST",
    path: "/v1/transit/encrypt/a",
    headers: { "X-Vault-Token": "t" },
    body: "{}",
    signal,
  };
}

/** What {@link echo} gives for {@link post}. */
export const POST_ECHO = JSON.stringify({
  method: "POST",
  url: "/v1/transit/encrypt/a",
  token: "t",
  body: "{}",
});
