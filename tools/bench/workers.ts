import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Setup } from "./client.ts";
import type { Load, LoadResult } from "./loads.ts";
import type { Material } from "./material.ts";

/** The client process. */
export interface Workers {
  /** Puts a load on a server; throws where it isn't over within the time given to it. */
  run(load: Load): Promise<LoadResult>;
  stop(): void;
}

const LOAD_TIMEOUT_MS = 60_000;

export function startWorkers({ cluster, requests }: Material): Workers {
  const child = fork(join(import.meta.dirname, "client.ts"), { serialization: "advanced" });
  const setup: Setup = { caPem: cluster.caPem, token: cluster.token, requests };
  child.send(setup);
  const ended = once(child, "exit").then(() => {
    throw new Error("the client ended");
  });
  ended.catch(() => undefined);
  return {
    async run(load) {
      const answer = once(child, "message", { signal: AbortSignal.timeout(LOAD_TIMEOUT_MS) });
      child.send(load);
      const [result]: LoadResult[] = await Promise.race([answer, ended]);
      if (result === undefined) throw new Error("the client gave no result");
      return result;
    },
    stop: () => child.disconnect(),
  };
}
