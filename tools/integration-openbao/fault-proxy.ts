// Stands between kms-vault and a real OpenBao: passes everything on, or answers in its place what a load balancer, an overloaded
// server or a cut connection would.
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { OpenBao } from "./openbao.ts";

export type ProxyFault =
  { readonly status: number; readonly body: string } | "half JSON" | "cut connection" | "silence";

export interface FaultProxy {
  readonly address: string;
  /** What happens to requests, but for sys/health; undefined: they go through. */
  fault: ProxyFault | undefined;
  /** Put on each request that goes through, as an agent does. */
  token: string | undefined;
  close(): Promise<void>;
}

export async function startFaultProxy(bao: OpenBao): Promise<FaultProxy> {
  const agent = new Agent({
    keepAlive: true,
    ...(bao.caFile !== undefined && { ca: readFileSync(bao.caFile, "utf8") }),
  });

  function pass(request: IncomingMessage, response: ServerResponse, half: boolean): void {
    const { method, url, headers } = request;
    const on = httpsRequest({
      host: "127.0.0.1",
      port: bao.port,
      method,
      path: url,
      agent,
      headers: { ...headers, ...(proxy.token !== undefined && { "x-vault-token": proxy.token }) },
    });
    on.on("error", () => response.destroy());
    on.on("response", (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", () => response.destroy());
      answer.on("end", () => {
        const whole = Buffer.concat(chunks);
        const body = half ? whole.subarray(0, whole.length / 2) : whole;
        response.writeHead(answer.statusCode ?? 502, {
          ...answer.headers,
          "content-length": String(body.length),
        });
        response.end(body);
      });
    });
    request.pipe(on);
  }

  const server = createServer((request, response) => {
    const { fault } = proxy;
    if (fault === undefined || fault === "half JSON" || request.url?.startsWith("/v1/sys/health") === true) {
      pass(request, response, fault === "half JSON");
    } else if (fault === "cut connection") {
      response.destroy();
    } else if (fault !== "silence") {
      request.resume();
      response.writeHead(fault.status, { "content-type": "application/json" });
      response.end(fault.body);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const proxy: FaultProxy = {
    address: `http://127.0.0.1:${port}`,
    fault: undefined,
    token: undefined,
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
