import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { certify, closeSession, handshake, openSession, type Target } from "./grpc-call.ts";
import type { WorkerRequest } from "./material.ts";

/** What a client is told to do. */
export interface Load {
  readonly kind: "handshakes" | "storm" | "kept";
  readonly port: number;
  /** Handshakes, or calls; a storm opens a connection for each. */
  readonly count: number;
  /** Handshakes or calls under way at once; `kept` spreads them evenly over its connections. */
  readonly atOnce: number;
  /** Connections of `kept`. They stay open until the next load begins. */
  readonly connections?: number;
}

export interface LoadResult {
  readonly done: number;
  readonly failed: number;
  /** The first thing that went wrong. */
  readonly firstFailure: string | undefined;
  readonly seconds: number;
}

// One answer in so many is also verified against the CA, which costs the client more than all else. A prime, so that
// every worker has its turn.
const THOROUGH_EVERY = 53;

/** Puts a load on a server. Failures are counted, never thrown. */
export async function runLoad(
  load: Load,
  target: Target,
  requests: readonly WorkerRequest[],
  held: ClientHttp2Session[],
): Promise<LoadResult> {
  const startedAt = performance.now();
  let done = 0;
  let failed = 0;
  let firstFailure: string | undefined;
  const fail = (error: unknown): void => {
    failed++;
    firstFailure ??= error instanceof Error ? error.message : String(error);
  };
  const send = async (session: ClientHttp2Session | undefined, index: number): Promise<void> => {
    const request = requests[index % requests.length];
    if (session === undefined || request === undefined)
      throw new Error("nothing to send, or nobody to send it to");
    await certify(session, target, request, index % THOROUGH_EVERY === 0);
  };
  const tasks = {
    async handshakes() {
      const socket = await handshake(target);
      const closed = once(socket, "close");
      socket.end();
      await closed;
    },
    async storm(index: number) {
      const session = await openSession(target);
      try {
        await send(session, index);
      } finally {
        await closeSession(session);
      }
    },
    async kept(index: number, lane: number) {
      await send(held[lane % held.length], index);
    },
  };
  for (let i = 0; load.kind === "kept" && i < (load.connections ?? 1); i++) {
    await openSession(target).then((session) => held.push(session), fail);
  }
  let next = 0;
  const lane = async (number: number): Promise<void> => {
    while (next < load.count) {
      await tasks[load.kind](next++, number).then(() => done++, fail);
    }
  };
  await Promise.all(Array.from({ length: load.atOnce }, (_, number) => lane(number)));
  return { done, failed, firstFailure, seconds: (performance.now() - startedAt) / 1000 };
}
