// A Talos node's side: the Go program of tools/conformance calls the KMS with Talos's own client code, as it is told here.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** What a node is to call. Endpoints are those of a machine config, tried in turn while nobody answers. */
export interface Target {
  readonly endpoints: readonly string[];
  /** Trusted where an endpoint is not plaintext. */
  readonly caFile?: string;
}

export interface Answer {
  /** grpc-go's name of the status, such as `OK` or `PermissionDenied`. */
  readonly code: string;
  readonly text: string;
  readonly data: Buffer;
  /** What a Seal was asked to seal. */
  readonly key: Buffer;
  readonly ms: number;
}

/** An attempt that failed, whether or not another endpoint helped. Times are milliseconds since 1970. */
export interface FailedAttempt {
  readonly endpoint: string;
  readonly code: string;
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface LoadResult {
  readonly calls: number;
  readonly unsealed: number;
  /** Answers that were OK and not the key. */
  readonly wrong: number;
  /** Calls that no endpoint answered. */
  readonly failed: number;
  readonly attempts: readonly FailedAttempt[];
}

export interface TalosNode {
  /** Seals `data`, or 32 random bytes, over a new connection and within 10 s, as Talos does. */
  seal(target: Target, uuid: string, data?: Buffer): Promise<Answer>;
  unseal(target: Target, uuid: string, data: Buffer): Promise<Answer>;
  /** Begins to unseal over kept connections, half of the callers at each endpoint; the answer ends it. */
  load(
    target: Target,
    load: {
      readonly uuid: string;
      readonly data: Buffer;
      readonly want: Buffer;
      readonly callers: number;
    },
  ): Promise<() => Promise<LoadResult>>;
  stop(): Promise<void>;
}

interface Reply {
  readonly id: number;
  readonly code: string;
  readonly text: string;
  readonly data?: string;
  readonly key?: string;
  readonly ms: number;
  readonly load?: LoadResult;
}

export function startTalosNode(binary: string): TalosNode {
  const child = spawn(binary, ["kms-node"], { stdio: ["pipe", "pipe", "inherit"] });
  const waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  let nextId = 1;
  createInterface({ input: child.stdout }).on("line", (line) => {
    const reply: Reply = JSON.parse(line);
    waiting.get(reply.id)?.resolve(reply);
    waiting.delete(reply.id);
  });
  let gone = false;
  const exited = once(child, "exit").then(() => {
    gone = true;
    for (const { reject } of waiting.values()) reject(new Error("the node's program ended"));
  });

  function order(op: string, fields: object): Promise<Reply> {
    if (gone) return Promise.reject(new Error("the node's program has ended"));
    const id = nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    waiting.set(id, { resolve, reject });
    child.stdin.write(`${JSON.stringify({ id, op, ...fields })}\n`);
    return promise;
  }

  const call = async (op: string, target: Target, uuid: string, data?: Buffer): Promise<Answer> => {
    const reply = await order(op, { ...target, uuid, ...(data && { data: data.toString("base64") }) });
    return { ...reply, data: bytes(reply.data), key: bytes(reply.key) };
  };
  return {
    seal: (target, uuid, data) => call("seal", target, uuid, data),
    unseal: (target, uuid, data) => call("unseal", target, uuid, data),
    async load(target, { uuid, data, want, callers }) {
      const fields = { uuid, callers, data: data.toString("base64"), want: want.toString("base64") };
      await order("load", { ...target, ...fields });
      return async () => {
        const { load } = await order("stop", {});
        if (load === undefined) throw new Error("the load gave no result");
        return load;
      };
    },
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}

function bytes(base64 = ""): Buffer {
  return Buffer.from(base64, "base64");
}
