import { setTimeout as delay } from "node:timers/promises";
import type { Load, LoadResult } from "./loads.ts";
import type { Material } from "./material.ts";
import type { BenchOptions } from "./options.ts";
import { cpuMs, peakRssMib } from "./process-figures.ts";
import { startBareServer, startSigner, type Server } from "./servers.ts";
import type { Workers } from "./workers.ts";

/** One load on a fresh server. */
export interface LoadFigures {
  /** The server's CPU for one handshake or call. */
  readonly cpuMs: number;
  /** Since the server's start. */
  readonly peakRssMib: number;
  readonly perSecond: number;
  readonly failed: number;
  readonly firstFailure: string | undefined;
}

export interface RoundFigures {
  readonly handshakes: LoadFigures;
  readonly storm: LoadFigures;
  readonly kept: LoadFigures;
  readonly held: LoadFigures;
}

const WARM_UP = 50;
const STORM_AT_ONCE = 50;

/** All loads, each on a fresh server with 50 calls before: what is compared is measured within a minute of each other. */
export async function runRound(
  material: Material,
  workers: Workers,
  options: BenchOptions,
): Promise<RoundFigures> {
  const { connections, calls } = options;
  const measure = async (
    start: () => Promise<Server>,
    warmUp: Load["kind"],
    load: Omit<Load, "port">,
  ): Promise<LoadFigures> => {
    const server = await start();
    const { port } = server;
    await workers.run({ kind: warmUp, port, count: WARM_UP, atOnce: 10 });
    await delay(SETTLE_MS);
    const before = cpuMs(server.pid);
    const result = await workers.run({ ...load, port });
    await delay(SETTLE_MS);
    const figures = figuresOf(result, cpuMs(server.pid) - before, peakRssMib(server.pid));
    await server.stop();
    return figures;
  };
  const signer = (): Promise<Server> => startSigner(material, options.signerFlags);
  const storm = { kind: "storm", count: connections, atOnce: STORM_AT_ONCE } as const;
  const kept = { kind: "kept", count: calls, atOnce: 200, connections: 20 } as const;
  return {
    handshakes: await measure(() => startBareServer(material), "handshakes", {
      ...storm,
      kind: "handshakes",
    }),
    storm: await measure(signer, "storm", storm),
    kept: await measure(signer, "storm", kept),
    held: await measure(signer, "storm", { kind: "kept", count: 500, atOnce: 500, connections: 500 }),
  };
}

/** Ends of connections that the server has still to see belong to what was measured. */
const SETTLE_MS = 150;

function figuresOf(
  { done, failed, firstFailure, seconds }: LoadResult,
  cpu: number,
  peak: number,
): LoadFigures {
  return { cpuMs: cpu / (done + failed), peakRssMib: peak, perSecond: done / seconds, failed, firstFailure };
}
