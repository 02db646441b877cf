import type { KubernetesRequest, RequestKubernetes } from "@talos-bridge/leader";

interface FakeApi {
  readonly request: RequestKubernetes;
  readonly requests: KubernetesRequest[];
  /** The Lease as it is stored. */
  lease: { metadata: Record<string, unknown>; spec?: Record<string, unknown> } | undefined;
}

/** The part of the Kubernetes API that leases need, conflicts on a stale resourceVersion included. */
export function createFakeApi(namespace: string, name: string): FakeApi {
  const all = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  let versions = 100;

  const fake: FakeApi = {
    requests: [],
    lease: undefined,
    async request(asked) {
      fake.requests.push(asked);
      const body = asked.body === undefined ? undefined : JSON.parse(asked.body);
      if (asked.method === "POST" && asked.path === all) {
        if (fake.lease !== undefined) return failure(409, "AlreadyExists");
        return store(201, {
          ...body,
          metadata: { ...body.metadata, uid: "u-1", creationTimestamp: "2026-11-24T20:00:00Z" },
        });
      }
      if (asked.path !== `${all}/${name}` || fake.lease === undefined) return failure(404, "NotFound");
      if (asked.method === "GET") return answer(200);
      if (body.metadata.resourceVersion !== fake.lease.metadata["resourceVersion"])
        return failure(409, "Conflict");
      return store(200, body);
    },
  };
  return fake;

  function store(status: number, body: NonNullable<FakeApi["lease"]>): { status: number; body: string } {
    fake.lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(++versions) } };
    return answer(status);
  }

  function answer(status: number): { status: number; body: string } {
    return {
      status,
      body: JSON.stringify({ kind: "Lease", apiVersion: "coordination.k8s.io/v1", ...fake.lease }),
    };
  }

  function failure(status: number, reason: string): { status: number; body: string } {
    return { status, body: JSON.stringify({ kind: "Status", status: "Failure", reason, code: status }) };
  }
}
