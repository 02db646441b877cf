import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { certify, closeSession, makeTarget, openSession, type Target } from "./grpc-call.ts";
import type { Material, WorkerRequest } from "./material.ts";
import { freePort, spawnSigner } from "./servers.ts";

export interface StartFigures {
  /** From the start of the signer's process to the first certificate, in milliseconds. */
  readonly signerMs: number;
  /** From the start of `node -e 0` to its end. */
  readonly nodeMs: number;
}

const LIMIT_MS = 10_000;

/** Starts both once. */
export async function measureStart(material: Material): Promise<StartFigures> {
  const nodeMs = await timed(async () => {
    await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore", env: {} }), "exit");
  });
  const port = await freePort();
  const target = makeTarget(port, material.cluster.caPem, material.cluster.token);
  const [request] = material.requests;
  if (request === undefined) throw new Error("no request to send");
  const startedAt = performance.now();
  const child = spawnSigner(material, port);
  while (!(await answered(target, request))) {
    if (child.exitCode !== null || performance.now() - startedAt > LIMIT_MS)
      throw new Error("the signer gave no first answer");
    await delay(5);
  }
  const signerMs = performance.now() - startedAt;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
  return { signerMs, nodeMs };
}

/** False where nobody listens yet; any other fault is one. */
async function answered(target: Target, request: WorkerRequest): Promise<boolean> {
  let session;
  try {
    session = await openSession(target);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ECONNREFUSED") return false;
    throw error;
  }
  await certify(session, target, request, true);
  await closeSession(session);
  return true;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
