import { createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Health, SecurityService } from "@talos-bridge/api";
import { makeThrowAwayCluster, type ThrowAwayCluster } from "@talos-bridge/testing";
import { mkdtempSync, rmSync } from "node:fs";
import { Http2SessionManager } from "@connectrpc/connect-node";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { run, type World } from "../../src/run.ts";
import type { Started } from "../../src/signer.ts";

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface RunningSigner {
  readonly cluster: ThrowAwayCluster;
  readonly dir: string;
  readonly port: number;
  readonly adminPort: number | undefined;
  /** Everything written so far, as text and as parsed lines. */
  readonly output: () => string;
  readonly lines: () => readonly LogLine[];
  readonly stop: () => Promise<number>;
  /** A client with a connection of its own; it trusts `ca`, or the cluster's CA. */
  readonly connect: (ca?: string) => {
    security: Client<typeof SecurityService>;
    health: Client<typeof Health>;
  };
}

/** A folder that goes with the test. */
export function scratchDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "csr-signer-test-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

const HOST = { hostname: "signer-host", addresses: ["192.0.2.10"] };

/** Environment that makes a signer of the cluster's files on free loopback ports. */
export function environmentOf(cluster: ThrowAwayCluster): Record<string, string> {
  return {
    PORT: "0",
    BIND_ADDRESS: "127.0.0.1",
    ADMIN_ADDR: "127.0.0.1:0",
    SERVER_IPS: "127.0.0.1,192.0.2.1,api.cluster.test",
    CA_CERT_PATH: cluster.caCertificate,
    CA_KEY_PATH: cluster.caKey,
    TALOS_TOKEN_FILE: cluster.tokenFile,
  };
}

/** Runs the signer to its end: for faults, help and version. */
export async function runOnce(
  world: Partial<World>,
): Promise<{ code: number; output: string; lines: LogLine[] }> {
  let output = "";
  const code = await run({
    argv: [],
    env: {},
    host: HOST,
    now: () => new Date(),
    stop: AbortSignal.abort(),
    stopNow: new AbortController().signal,
    write: (text) => void (output += text),
    ...world,
  });
  return { code, output, lines: linesOf(output) };
}

/** Starts a signer on a throw-away cluster, and stops it when the test is over. */
export async function startSigner(
  options: {
    readonly env?: (cluster: ThrowAwayCluster, dir: string) => Record<string, string | undefined>;
    readonly argv?: readonly string[];
    /** Writes what the environment names, before the start. */
    readonly prepare?: (cluster: ThrowAwayCluster, dir: string) => Promise<void>;
    /** When the cluster was made. */
    readonly madeAt?: Date;
    /** The signer's calendar clock. */
    readonly now?: () => Date;
  } = {},
): Promise<RunningSigner> {
  const dir = scratchDir();
  const cluster = await makeThrowAwayCluster(dir, options.madeAt ?? new Date());
  await options.prepare?.(cluster, dir);
  let output = "";
  const stop = new AbortController();
  const stopNow = new AbortController();
  const { promise: listening, resolve: onListening } = Promise.withResolvers<Started>();
  const ended = run({
    argv: options.argv ?? [],
    env: { ...environmentOf(cluster), ...options.env?.(cluster, dir) },
    host: HOST,
    write: (text) => void (output += text),
    now: options.now ?? (() => new Date()),
    stop: stop.signal,
    stopNow: stopNow.signal,
    onListening,
  });
  const managers: Http2SessionManager[] = [];
  const stopAll = async (): Promise<number> => {
    for (const manager of managers) manager.abort();
    stop.abort();
    return ended;
  };
  onTestFinished(async () => {
    stopNow.abort();
    await stopAll();
  });
  const started = await Promise.race([
    listening,
    ended.then((code): never => {
      throw new Error(`the signer ended with ${code}: ${output}`);
    }),
  ]);
  return {
    cluster,
    dir,
    port: started.port,
    adminPort: started.adminPort,
    output: () => output,
    lines: () => linesOf(output),
    stop: stopAll,
    connect(ca = cluster.caPem) {
      const manager = new Http2SessionManager(`https://127.0.0.1:${started.port}`, undefined, { ca });
      managers.push(manager);
      const transport = createGrpcTransport({
        baseUrl: `https://127.0.0.1:${started.port}`,
        sessionManager: manager,
      });
      return { security: createClient(SecurityService, transport), health: createClient(Health, transport) };
    },
  };
}

function linesOf(output: string): LogLine[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line): LogLine => JSON.parse(line));
}
