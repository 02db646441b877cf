import { fromBinary } from "@bufbuild/protobuf";
import { KmsResponseSchema } from "@talos-bridge/api";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import type { ClientHttp2Session } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { callUnary, closeSession, handshake, openSession, type Endpoint } from "../bench/grpc-call.ts";

/** A node whose key was sealed before. */
export interface SealedNode {
  readonly uuid: string;
  readonly key: Buffer;
  readonly ciphertext: string;
  /** The Unseal as it goes over the wire. */
  readonly frame: Uint8Array;
}

/** OpenBao itself, as a program that calls transit without anything between does. */
export interface DirectTarget {
  readonly port: number;
  readonly token: string;
}

/** What a client is told to do. */
export interface Load {
  /** A storm opens a connection for each Unseal; `direct` calls OpenBao's transit over kept connections. */
  readonly kind: "handshakes" | "storm" | "kept" | "direct";
  readonly port: number;
  readonly count: number;
  /** Handshakes or calls under way at once, spread evenly over the connections. */
  readonly atOnce: number;
  /** Connections of `kept`, which stay open until the next load begins. `direct` has one for each call under way. */
  readonly connections?: number;
  /** Calls begun a second at most; as many as can be if not given. */
  readonly perSecond?: number;
}

export interface LoadResult {
  readonly done: number;
  readonly failed: number;
  /** The first thing that went wrong. */
  readonly firstFailure: string | undefined;
  readonly seconds: number;
  /** Of all that were done, in milliseconds. */
  readonly medianMs: number;
}

const UNSEAL = "/sidero.kms.KMSService/Unseal";

/** Puts a load on a server. Every answer is compared with the key; failures are counted, never thrown. */
export async function runLoad(
  load: Load,
  target: Endpoint,
  direct: DirectTarget,
  nodes: readonly SealedNode[],
  held: ClientHttp2Session[],
): Promise<LoadResult> {
  let failed = 0;
  let firstFailure: string | undefined;
  const times: number[] = [];
  const fail = (error: unknown): void => {
    failed++;
    firstFailure ??= error instanceof Error ? error.message : String(error);
  };
  const nodeAt = (index: number): SealedNode => {
    const node = nodes[index % nodes.length];
    if (node === undefined) throw new Error("no node to unseal for");
    return node;
  };
  const agent = new Agent({ keepAlive: true, maxSockets: load.atOnce });
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
        await unseal(session, nodeAt(index));
      } finally {
        await closeSession(session);
      }
    },
    async kept(index: number, lane: number) {
      const session = held[lane % held.length];
      if (session === undefined) throw new Error("no connection to call over");
      await unseal(session, nodeAt(index));
    },
    direct: (index: number) => decrypt(agent, direct, nodeAt(index)),
  };
  for (let i = 0; load.kind === "kept" && i < (load.connections ?? 1); i++) {
    await openSession(target).then((session) => held.push(session), fail);
  }
  const startedAt = performance.now();
  let next = 0;
  const lane = async (number: number): Promise<void> => {
    while (next < load.count) {
      const dueMs = startedAt + (next * 1_000) / (load.perSecond ?? Infinity) - performance.now();
      if (dueMs > 1) {
        await delay(dueMs);
        continue;
      }
      const from = performance.now();
      await tasks[load.kind](next++, number).then(() => times.push(performance.now() - from), fail);
    }
  };
  await Promise.all(Array.from({ length: load.atOnce }, (_, number) => lane(number)));
  const seconds = (performance.now() - startedAt) / 1000;
  agent.destroy();
  const medianMs = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
  return { done: times.length, failed, firstFailure, seconds, medianMs };
}

/** Throws unless the answer is the node's key. */
export async function unseal(session: ClientHttp2Session, { frame, key }: SealedNode): Promise<void> {
  const { data } = fromBinary(KmsResponseSchema, await callUnary(session, UNSEAL, frame));
  if (!key.equals(data)) throw new Error("what was unsealed is not the key");
}

function decrypt(
  agent: Agent,
  { port, token }: DirectTarget,
  { uuid, ciphertext, key }: SealedNode,
): Promise<void> {
  const body = JSON.stringify({ ciphertext });
  return new Promise((done, failed) => {
    const sent = httpRequest({
      host: "127.0.0.1",
      port,
      method: "POST",
      path: `/v1/transit/decrypt/${uuid}`,
      agent,
      headers: {
        "X-Vault-Request": "true",
        "X-Vault-Token": token,
        "Content-Type": "application/json",
        "Content-Length": Buffer.byteLength(body),
      },
    });
    sent.on("error", failed);
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", failed);
      response.on("end", () => {
        if (response.statusCode === 200 && text.includes(key.toString("base64"))) done();
        else failed(new Error(`OpenBao answered ${response.statusCode}, or another key`));
      });
    });
    sent.end(body);
  });
}
