import { LeaderError } from "./errors.ts";
import type { Lease, LeaseRecord, Lock } from "./lock.ts";

/** One request to the Kubernetes API. */
export interface KubernetesRequest {
  readonly method: "GET" | "POST" | "PUT";
  /** Absolute, made of characters that need no escaping. */
  readonly path: string;
  /** Without credentials: the port adds them. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** Carries requests: resolves with any whole answer, rejects where there is none. It should bound the body's size. */
export type RequestKubernetes = (
  request: KubernetesRequest,
) => Promise<{ readonly status: number; readonly body: string }>;

export interface LeaseLockOptions {
  readonly request: RequestKubernetes;
  readonly namespace: string;
  readonly name: string;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** RFC 1123 label, and names of such labels: Kubernetes allows no other, and none that a path would need escaped. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const MAX_NAME_LENGTH = 253;

/**
 * The lock in a coordination.k8s.io/v1 Lease, over the plain API. Its service account needs the verbs get, create and update
 * on leases. Labels, annotations and fields of the spec that are not known here stay.
 *
 * @throws LeaderError `ERR_LEADER_NAME`; its methods `ERR_LEADER_CONFLICT`, `_FORBIDDEN`, `_API`, `_ANSWER`
 */
export function createLeaseLock({ request, namespace, name }: LeaseLockOptions): Lock {
  if (!LABEL.test(namespace))
    throw new LeaderError("ERR_LEADER_NAME", "the lease's namespace is no namespace");
  if (name.length > MAX_NAME_LENGTH || !name.split(".").every((label) => LABEL.test(label))) {
    throw new LeaderError("ERR_LEADER_NAME", "the lease's name is no name of an object");
  }
  const all = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const one = `${all}/${name}`;

  return {
    async get(signal) {
      const { status, body } = await send({ method: "GET", path: one, signal });
      if (status === 404) return undefined;
      return status === 200 ? readLease(body) : refuse("get", status, body);
    },
    async create(record, signal) {
      const body = leaseBody({ metadata: { name, namespace } }, record);
      const answer = await send({ method: "POST", path: all, body, signal });
      // Also 200 and 202 are a creation's answers.
      return [200, 201, 202].includes(answer.status)
        ? readLease(answer.body)
        : refuse("create", answer.status, answer.body);
    },
    async update(lease, record, signal) {
      const body = leaseBody(isObject(lease.object) ? lease.object : {}, record);
      const answer = await send({ method: "PUT", path: one, body, signal });
      // What is gone is no longer the state that was to be replaced.
      const status = answer.status === 404 ? 409 : answer.status;
      return [200, 201].includes(status) ? readLease(answer.body) : refuse("update", status, answer.body);
    },
  };

  async function send(
    wanted: Omit<KubernetesRequest, "headers">,
  ): Promise<{ readonly status: number; readonly body: string }> {
    const headers = {
      accept: "application/json",
      ...(wanted.body === undefined ? {} : { "content-type": "application/json" }),
    };
    try {
      return await request({ ...wanted, headers });
    } catch (cause) {
      throw new LeaderError("ERR_LEADER_API", `cannot ${wanted.method} the lease`, { cause });
    }
  }
}

/** The stored object with another spec. Its resourceVersion makes the write conditional. */
function leaseBody(object: JsonObject, record: LeaseRecord): string {
  const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = record;
  return JSON.stringify({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: object["metadata"],
    spec: {
      ...(isObject(object["spec"]) ? object["spec"] : {}),
      holderIdentity,
      leaseDurationSeconds,
      acquireTime,
      renewTime,
      leaseTransitions,
    },
  });
}

/** Fields of the spec are optional, and null counts as absent. Of another type than they must have, the lease is none. */
function readLease(body: string): Lease {
  const object = parseObject(body);
  const metadata = object?.["metadata"];
  const spec = object?.["spec"] ?? {};
  if (object?.["kind"] !== "Lease" || !isObject(metadata) || !isObject(spec)) throw noLease();
  const version = text(metadata["resourceVersion"]);
  if (version === undefined || version === "") throw noLease();
  const record = {
    holderIdentity: text(spec["holderIdentity"]) ?? "",
    leaseDurationSeconds: count(spec["leaseDurationSeconds"]),
    acquireTime: text(spec["acquireTime"]),
    renewTime: text(spec["renewTime"]),
    leaseTransitions: count(spec["leaseTransitions"]),
  };
  return { record, version, object };
}

function refuse(verb: string, status: number, body: string): never {
  if (status === 409) throw new LeaderError("ERR_LEADER_CONFLICT", "somebody else wrote the lease first");
  const reason = parseObject(body)?.["reason"];
  // One word of the API's, such as Forbidden or NotFound.
  const word = typeof reason === "string" && /^[A-Za-z]{1,40}$/.test(reason) ? ` ${reason}` : "";
  if (status === 401 || status === 403) {
    throw new LeaderError(
      "ERR_LEADER_FORBIDDEN",
      `may not ${verb} the lease (${status}${word}): get, create and update on leases are needed`,
    );
  }
  throw new LeaderError("ERR_LEADER_API", `cannot ${verb} the lease (${status}${word})`);
}

function text(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw noLease();
  return value;
}

function count(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw noLease();
  return value;
}

function noLease(): LeaderError {
  return new LeaderError("ERR_LEADER_ANSWER", "the answer is no lease");
}

function parseObject(body: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // the parser's message would hold some of the text
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
