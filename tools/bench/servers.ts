import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { shippedRuntime, type Shipped } from "../shipped.ts";
import type { Material } from "./material.ts";

/** Both servers run as the image runs the signer. */
export const SHIPPED = shippedRuntime("csr-signer");

export interface Server {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

const root = resolve(import.meta.dirname, "../..");
export const SIGNER_FOLDER = join(root, "apps/csr-signer");

/** Starts the built signer with its log thrown away and `flags` for its Node; resolves once it accepts. */
export async function startSigner(material: Material, flags: readonly string[]): Promise<Server> {
  const port = await freePort();
  const child = spawnSigner(material, port, flags);
  await accepting(child, port);
  return serverOf(child, port);
}

/** The signer's process alone, which will listen on `port`. */
export function spawnSigner(
  { cluster, serving }: Material,
  port: number,
  flags: readonly string[] = [],
): ChildProcess {
  const child = spawn(process.execPath, [...SHIPPED.flags, ...flags, join(SIGNER_FOLDER, "dist/main.js")], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...SHIPPED.env,
      BIND_ADDRESS: "127.0.0.1",
      PORT: String(port),
      ADMIN_ADDR: "127.0.0.1:0",
      CA_CERT_PATH: cluster.caCertificate,
      CA_KEY_PATH: cluster.caKey,
      TLS_CERT_PATH: serving.certificate,
      TLS_KEY_PATH: serving.key,
      TALOS_TOKEN_FILE: cluster.tokenFile,
    },
  });
  endWithUs(child);
  return child;
}

/** Starts a server that does TLS handshakes with the same certificate, and nothing else, as the image runs its program. */
export async function startBareServer(
  { serving }: Pick<Material, "serving">,
  shipped: Shipped = SHIPPED,
): Promise<Server> {
  const child = fork(join(import.meta.dirname, "bare-server.ts"), [serving.certificate, serving.key], {
    execArgv: [...shipped.flags],
    env: shipped.env,
  });
  endWithUs(child);
  const [port]: unknown[] = await once(child, "message", { signal: AbortSignal.timeout(10_000) });
  return serverOf(child, Number(port));
}

/** A process of ours that serves on `port`. */
export function serverOf(child: ChildProcess, port: number): Server {
  if (child.pid === undefined) throw new Error("the server's process did not start");
  return {
    pid: child.pid,
    port,
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

export function endWithUs(child: ChildProcess): void {
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
}

let nextPort = 20_000 + (process.pid % 1_000) * 10;

/** A loopback port below the range that the system gives clients. A signer whose output is thrown away can't tell one. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort++;
    const probe = createServer();
    probe.listen(port, "127.0.0.1");
    const free = await Promise.race([
      once(probe, "listening").then(() => true),
      once(probe, "error").then(() => false),
    ]);
    if (!free) continue;
    probe.close();
    await once(probe, "close");
    return port;
  }
}

export async function accepting(child: ChildProcess, port: number): Promise<void> {
  const until = performance.now() + 10_000;
  while (!(await connects(port))) {
    if (child.exitCode !== null) throw new Error(`the server ended with exit code ${child.exitCode}`);
    if (performance.now() > until) throw new Error("the server did not listen within 10 s");
    await delay(20);
  }
}

function connects(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
}
