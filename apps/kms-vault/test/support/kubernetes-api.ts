// Stands in for the part of a Kubernetes API server that keeps one Lease.
import { createServer } from "node:https";
import type { Serving } from "./serving.ts";

interface LeaseObject {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec?: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
}

export interface KubernetesApi {
  readonly port: number;
  /** As `PUT /apis/…`, each with its bearer token. */
  readonly requests: readonly { readonly line: string; readonly token: string | undefined }[];
  /** The one that is taken. */
  token: string;
  /** Answers 503 while true. */
  down: boolean;
  readonly lease: LeaseObject | undefined;
  /** Told of each request that is taken. */
  onRequest: (line: string, body: string) => void;
  close(): Promise<void>;
}

/** Get, create and update on leases of one namespace, with conflicts on a stale resourceVersion. */
export async function startKubernetesApi({ cert, key }: Serving): Promise<KubernetesApi> {
  const requests: { readonly line: string; readonly token: string | undefined }[] = [];
  let lease: LeaseObject | undefined;
  let versions = 0;

  function answer(method: string, path: string, body: string): { status: number; body: unknown } {
    const one = /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/[a-z-]+\/leases(?<name>\/[a-z.-]+)?$/.exec(
      path,
    );
    if (one === null) return failure(404, "NotFound");
    const named = one.groups?.["name"] !== undefined;
    if (method === "GET" && named)
      return lease === undefined ? failure(404, "NotFound") : { status: 200, body: lease };
    const sent: LeaseObject = JSON.parse(body);
    if (method === "POST" && !named)
      return lease === undefined ? store(201, sent) : failure(409, "AlreadyExists");
    if (method !== "PUT" || !named) return failure(403, "Forbidden");
    if (lease === undefined) return failure(404, "NotFound");
    const current = lease.metadata["resourceVersion"];
    return sent.metadata["resourceVersion"] === current ? store(200, sent) : failure(409, "Conflict");
  }

  function store(status: number, sent: LeaseObject): { status: number; body: unknown } {
    lease = { ...sent, metadata: { ...sent.metadata, resourceVersion: String(++versions) } };
    return { status, body: lease };
  }

  const server = createServer({ cert, key }, (request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const line = `${request.method} ${request.url}`;
      const token = request.headers.authorization?.replace(/^Bearer /, "");
      requests.push({ line, token });
      const { status, body: sent } = api.down
        ? failure(503, "ServiceUnavailable")
        : token === api.token
          ? answer(request.method ?? "", request.url ?? "", body)
          : failure(401, "Unauthorized");
      if (status < 400) api.onRequest(line, body);
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(sent));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const api: KubernetesApi = {
    port: typeof bound === "object" && bound !== null ? bound.port : 0,
    requests,
    token: "service-account-token",
    down: false,
    get lease() {
      return lease;
    },
    onRequest: () => undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return api;
}

function failure(status: number, reason: string): { status: number; body: unknown } {
  return { status, body: { kind: "Status", apiVersion: "v1", status: "Failure", reason, code: status } };
}
