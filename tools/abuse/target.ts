import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { CertificateRequestSchema, SecurityService } from "@talos-bridge/api";
import { makeThrowAwayCluster } from "@talos-bridge/testing";
import { shippedRuntime } from "../shipped.ts";
import { grpcMessage } from "../../packages/grpc-server/test/support/frames.ts";

/** Resident memory in MiB. */
export interface Memory {
  readonly all: number;
  /** Without the pages of files, such as Node's own 55 MiB of code: what a container's limit can't drop. */
  readonly anonymous: number;
}

/** The real server as its own process, and what a worker needs to call it. */
export interface Target {
  readonly pid: number | undefined;
  readonly port: number;
  readonly caPem: string;
  readonly token: string;
  readonly path: string;
  /** A whole request as it goes into DATA frames. */
  readonly request: Buffer;
  /** What it has resident now; undefined once the process has gone. */
  memory(): Memory | undefined;
  alive(): boolean;
  /** What it wrote last. */
  lastOutput(): string;
  stop(): Promise<void>;
}

const SHIPPED = shippedRuntime("csr-signer");
const START_MS = 10_000;

/** Bundles csr-signer and starts it with a throw-away CA, with the heap flags it ships with. */
export async function startTarget(): Promise<Target> {
  const app = resolve(import.meta.dirname, "../../apps/csr-signer");
  const built = spawnSync(process.execPath, ["../../tools/bundle.ts"], {
    cwd: app,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (built.status !== 0) throw new Error("csr-signer can't be bundled");
  const dir = mkdtempSync(join(tmpdir(), "talos-bridge-abuse-"));
  const cluster = await makeThrowAwayCluster(dir, new Date());
  const port = await freePort(21_000 + (process.pid % 8_000));
  const adminPort = await freePort(port + 1);
  const child = spawn(process.execPath, [...SHIPPED.flags, join(app, "dist/main.js")], {
    env: {
      ...SHIPPED.env,
      PORT: String(port),
      BIND_ADDRESS: "127.0.0.1",
      ADMIN_ADDR: `127.0.0.1:${adminPort}`,
      SERVER_IPS: "127.0.0.1,localhost",
      CA_CERT_PATH: cluster.caCertificate,
      CA_KEY_PATH: cluster.caKey,
      TALOS_TOKEN: cluster.token,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Whatever happens here, nothing is left behind.
  process.once("exit", () => child.kill("SIGKILL"));
  const output = await listening(child);
  return {
    pid: child.pid,
    port,
    caPem: cluster.caPem,
    token: cluster.token,
    path: `/${SecurityService.typeName}/Certificate`,
    request: grpcMessage(
      toBinary(
        CertificateRequestSchema,
        create(CertificateRequestSchema, { csr: readFileSync(cluster.exampleRequest) }),
      ),
    ),
    memory: () => readMemory(child),
    alive: () => child.exitCode === null && child.signalCode === null,
    lastOutput: () => output.text,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Resolves once the process says that it listens; its last 4 KiB of output stay readable. */
function listening(child: ChildProcess): Promise<{ readonly text: string }> {
  const output = { text: "" };
  return new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error(`the server didn't start: ${output.text}`)), START_MS);
    const read = (chunk: Buffer): void => {
      output.text = (output.text + chunk.toString()).slice(-4096);
      if (!output.text.includes("listening")) return;
      clearTimeout(timer);
      done(output);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => {
      clearTimeout(timer);
      failed(new Error(`the server ended with ${code}: ${output.text}`));
    });
  });
}

function readMemory(child: ChildProcess): Memory | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  } catch {
    return undefined;
  }
  const mib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) / 1024;
  return { all: mib("VmRSS"), anonymous: mib("RssAnon") };
}

/** The first port from `from` on that is free now; keep it below the ephemeral range. */
async function freePort(from: number): Promise<number> {
  for (let port = from; ; port++) {
    const probe = createServer();
    const free = await new Promise<boolean>((resolved) => {
      probe.once("error", () => resolved(false));
      probe.listen(port, "127.0.0.1", () => resolved(true));
    });
    if (!free) continue;
    probe.close();
    await once(probe, "close");
    return port;
  }
}
