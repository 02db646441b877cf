import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { closeSession, makeEndpoint, openSession, type Endpoint } from "../bench/grpc-call.ts";
import { freePort } from "../bench/servers.ts";
import { unseal, type SealedNode } from "./loads.ts";
import type { Material } from "./material.ts";
import { spawnKms } from "./server.ts";

export interface StartFigures {
  /** From the start of kms-vault's process to the first unsealed key, in milliseconds. */
  readonly kmsMs: number;
  /** From the start of `node -e 0` to its end. */
  readonly nodeMs: number;
}

const LIMIT_MS = 10_000;

/** Starts both once. */
export async function measureStart(material: Material): Promise<StartFigures> {
  const nodeStart = performance.now();
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore", env: {} }), "exit");
  const nodeMs = performance.now() - nodeStart;
  const port = await freePort();
  const endpoint = makeEndpoint(port, material.caPem);
  const [node] = material.nodes;
  if (node === undefined) throw new Error("no node to unseal for");
  const startedAt = performance.now();
  const child = spawnKms(material, port);
  while (!(await answered(endpoint, node))) {
    if (child.exitCode !== null || performance.now() - startedAt > LIMIT_MS)
      throw new Error("kms-vault gave no first answer");
    await delay(5);
  }
  const kmsMs = performance.now() - startedAt;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
  return { kmsMs, nodeMs };
}

/** False where nobody listens yet; any other fault is one. */
async function answered(endpoint: Endpoint, node: SealedNode): Promise<boolean> {
  let session;
  try {
    session = await openSession(endpoint);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ECONNREFUSED") return false;
    throw error;
  }
  await unseal(session, node);
  await closeSession(session);
  return true;
}
