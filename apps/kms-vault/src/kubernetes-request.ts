import type { RequestKubernetes } from "@talos-bridge/leader";
import { isIPv6 } from "node:net";
import { Agent, request as httpsRequest } from "node:https";
import { join } from "node:path";

export interface InClusterOptions {
  /** Of KUBERNETES_SERVICE_HOST and _PORT. */
  readonly host: string;
  readonly port: number;
  /** Holds `token` and `ca.crt`. */
  readonly serviceAccountFolder: string;
  readonly readFile: (path: string) => Promise<string>;
}

const MAX_ANSWER_BYTES = 1_048_576;

/**
 * Requests to the API server as a pod makes them: with the mounted service account's token, read for each request since the
 * kubelet replaces it, and its CA, for which a new one makes new connections.
 */
export function createInClusterRequest(options: InClusterOptions): RequestKubernetes {
  const { host, port, serviceAccountFolder, readFile } = options;
  let agent: { readonly ca: string; readonly agent: Agent } | undefined;

  function agentFor(ca: string): Agent {
    if (agent?.ca === ca) return agent.agent;
    agent?.agent.destroy();
    agent = { ca, agent: new Agent({ ca, keepAlive: true, maxSockets: 4 }) };
    return agent.agent;
  }

  return async ({ method, path, headers, body, signal }) => {
    const token = (await readFile(join(serviceAccountFolder, "token"))).trim();
    const ca = await readFile(join(serviceAccountFolder, "ca.crt"));
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
    const request = httpsRequest({
      host,
      port,
      method,
      path,
      agent: agentFor(ca),
      headers: { ...headers, authorization: `Bearer ${token}` },
      signal,
    });
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) request.destroy(new Error("the answer is too large"));
        else chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    request.end(body);
    return promise;
  };
}

/** Where the API server is, as the kubelet tells a pod; undefined outside of one. */
export function apiServerOf(
  env: Readonly<Record<string, string | undefined>>,
): { readonly host: string; readonly port: number } | undefined {
  const host = env["KUBERNETES_SERVICE_HOST"] ?? "";
  const port = Number(env["KUBERNETES_SERVICE_PORT"]);
  if (host === "" || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  return { host: host.startsWith("[") && isIPv6(host.slice(1, -1)) ? host.slice(1, -1) : host, port };
}
