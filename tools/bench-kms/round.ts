import { setTimeout as delay } from "node:timers/promises";
import type { BenchOptions } from "../bench/options.ts";
import { cpuMs, peakRssMib } from "../bench/process-figures.ts";
import { startBareServer, type Server } from "../bench/servers.ts";
import type { Clients } from "../bench/workers.ts";
import type { Load, LoadResult } from "./loads.ts";
import type { Material } from "./material.ts";
import { SHIPPED, startKms } from "./server.ts";

/** One load. */
export interface LoadFigures extends LoadResult {
  /** The server's CPU for one handshake or call; of `direct`, there is none. */
  readonly cpuMs: number;
  /** OpenBao's CPU for one. */
  readonly baoCpuMs: number;
  /** Of the server, since its start. */
  readonly peakRssMib: number;
}

export interface RoundFigures {
  readonly handshakes: LoadFigures;
  readonly storm: LoadFigures;
  readonly kept: LoadFigures;
  readonly direct: LoadFigures;
  /** One call at a time. */
  readonly single: LoadFigures;
  readonly singleDirect: LoadFigures;
  readonly held: LoadFigures;
}

const WARM_UP = 50;
const SINGLE_CALLS = 1_000;
/** As many calls as kms-vault works on at once by default, each over a connection of its own to OpenBao. */
const DIRECT_AT_ONCE = 64;
/** Ends of connections that the server has still to see belong to what was measured. */
const SETTLE_MS = 150;

/** All loads, each on a fresh server with 50 calls before: what is compared is measured within a minute of each other. */
export async function runRound(
  material: Material,
  clients: Clients<Load, LoadResult>,
  { connections, calls, signerFlags }: BenchOptions,
): Promise<RoundFigures> {
  async function measure(server: Server, load: Omit<Load, "port">): Promise<LoadFigures> {
    const { pid, port } = server;
    const before = { server: cpuMs(pid), bao: cpuMs(material.baoPid) };
    const result = await clients.run({ ...load, port });
    await delay(SETTLE_MS);
    const all = result.done + result.failed;
    return {
      ...result,
      cpuMs: (cpuMs(pid) - before.server) / all,
      baoCpuMs: (cpuMs(material.baoPid) - before.bao) / all,
      peakRssMib: peakRssMib(pid),
    };
  }

  async function on<T>(
    start: () => Promise<Server>,
    warmUp: Load["kind"],
    use: (server: Server) => Promise<T>,
  ): Promise<T> {
    const server = await start();
    await clients.run({ kind: warmUp, port: server.port, count: WARM_UP, atOnce: 10 });
    await delay(SETTLE_MS);
    const figures = await use(server);
    await server.stop();
    return figures;
  }

  const kms = (): Promise<Server> => startKms(material, signerFlags);
  const storm = { kind: "storm", count: connections, atOnce: 50 } as const;
  const handshakes = await on(
    () => startBareServer(material, SHIPPED),
    "handshakes",
    (server) => measure(server, { ...storm, kind: "handshakes" }),
  );
  const loads = {
    storm: await on(kms, "storm", (server) => measure(server, storm)),
    ...(await on(kms, "storm", async (server) => {
      const kept = await measure(server, { kind: "kept", count: calls, atOnce: 200, connections: 20 });
      // At the same rate: a busier OpenBao needs less for each call.
      const perSecond = kept.done / kept.seconds;
      return {
        kept,
        direct: await measure(server, { kind: "direct", count: calls, atOnce: DIRECT_AT_ONCE, perSecond }),
        single: await measure(server, { kind: "kept", count: SINGLE_CALLS, atOnce: 1, connections: 1 }),
        singleDirect: await measure(server, { kind: "direct", count: SINGLE_CALLS, atOnce: 1 }),
      };
    })),
    held: await on(kms, "storm", (server) =>
      measure(server, { kind: "kept", count: 500, atOnce: 500, connections: 500 }),
    ),
  };
  return { handshakes, ...loads };
}
