import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Setup } from "./client.ts";
import type { Load, LoadResult } from "./loads.ts";
import type { Material } from "./material.ts";

/** A client process. */
export interface Clients<L, R> {
  /** Puts a load on a server; throws where it isn't over within the time given to it. */
  run(load: L): Promise<R>;
  stop(): void;
}

export type Workers = Clients<Load, LoadResult>;

const LOAD_TIMEOUT_MS = 60_000;

export function startWorkers({ cluster, requests }: Material): Workers {
  const setup: Setup = { caPem: cluster.caPem, token: cluster.token, requests };
  return startClients(join(import.meta.dirname, "client.ts"), setup);
}

/** Starts the program of a client, which is sent its setup and then one load after the other. */
export function startClients<L extends object, R>(file: string, setup: object): Clients<L, R> {
  const child = fork(file, { serialization: "advanced" });
  child.send(setup);
  const ended = once(child, "exit").then(() => {
    throw new Error("the client ended");
  });
  ended.catch(() => undefined);
  return {
    async run(load) {
      const answer = once(child, "message", { signal: AbortSignal.timeout(LOAD_TIMEOUT_MS) });
      child.send(load);
      const [result]: R[] = await Promise.race([answer, ended]);
      if (result === undefined) throw new Error("the client gave no result");
      return result;
    },
    stop: () => child.disconnect(),
  };
}
