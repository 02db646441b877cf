import { createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { Health, KMSService } from "@talos-bridge/api";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { run, type World } from "../../src/run.ts";
import type { Started } from "../../src/server.ts";

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface RunningKms {
  readonly dir: string;
  readonly port: number;
  readonly adminPort: number | undefined;
  /** Everything written so far, as text and as parsed lines. */
  readonly output: () => string;
  readonly lines: () => readonly LogLine[];
  readonly stop: () => Promise<number>;
  /** The exit code, once it has ended. */
  readonly ended: Promise<number>;
  /** A first and a second SIGTERM: the connection of the client stays. `stop` waits for the end. */
  readonly signal: () => void;
  readonly kms: Client<typeof KMSService>;
  readonly health: Client<typeof Health>;
  /** An answer of the health port. */
  readonly get: (path: string) => Promise<{ readonly status: number; readonly body: string }>;
}

/** A version 4 UUID, and as many more as are asked for. */
export const NODE = "4d4f5a1c-7b0e-4c1d-9a3f-2b6c8d0e1f23";
export const OTHER_NODE = "0b2d9a64-3f5e-4c4b-9a57-6f1d2f3c4b5a";

/** A folder that goes with the test. */
export function scratchDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "kms-vault-test-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

const LOOPBACK = ["--kms-api-endpoint=127.0.0.1:0", "--health-server-addr=127.0.0.1:0"];

/** Environment of a KMS on a fresh keyring. */
export function keyringEnvironment(dir: string): Record<string, string> {
  return { KMS_BACKEND: "keyring", KMS_KEYRING_PATH: join(dir, "keyring.json"), KMS_KEYRING_CREATE: "true" };
}

/** Runs the KMS to its end: for faults, help and version. */
export async function runOnce(
  world: Partial<World>,
): Promise<{ code: number; output: string; lines: LogLine[] }> {
  let output = "";
  const code = await run({
    argv: [],
    env: {},
    hostname: "kms-host",
    leaderFilePath: join(scratchDir(), "leader"),
    stop: AbortSignal.abort(),
    stopNow: new AbortController().signal,
    write: (text) => void (output += text),
    ...world,
  });
  return { code, output, lines: output.startsWith("{") ? linesOf(output) : [] };
}

/** Starts a KMS in plaintext on loopback, and stops it when the test is over. */
export async function startKms(
  options: {
    readonly env?: (dir: string) => Record<string, string | undefined>;
    readonly argv?: (dir: string) => readonly string[];
    /** Trust in the serving certificate, where there is one. */
    readonly ca?: string;
  } = {},
): Promise<RunningKms> {
  const dir = scratchDir();
  let output = "";
  const stop = new AbortController();
  const stopNow = new AbortController();
  const { promise: listening, resolve: onListening } = Promise.withResolvers<Started>();
  const ended = run({
    argv: [...LOOPBACK, ...(options.argv?.(dir) ?? [])],
    env: options.env?.(dir) ?? keyringEnvironment(dir),
    hostname: "kms-host",
    leaderFilePath: join(dir, "leader"),
    write: (text) => void (output += text),
    stop: stop.signal,
    stopNow: stopNow.signal,
    onListening,
  });
  const signal = (): void => (stop.signal.aborted ? stopNow : stop).abort();
  const stopAll = async (): Promise<number> => {
    sessionManager.abort();
    stop.abort();
    return ended;
  };
  const started = await Promise.race([
    listening,
    ended.then((code): never => {
      throw new Error(`the KMS ended with ${code}: ${output}`);
    }),
  ]);
  const { ca } = options;
  const baseUrl = `${ca === undefined ? "http" : "https"}://127.0.0.1:${started.port}`;
  const sessionManager = new Http2SessionManager(baseUrl, undefined, ca === undefined ? {} : { ca });
  onTestFinished(async () => {
    stopNow.abort();
    await stopAll();
  });
  const transport = createGrpcTransport({ baseUrl, sessionManager });
  return {
    dir,
    port: started.port,
    adminPort: started.adminPort,
    output: () => output,
    lines: () => linesOf(output),
    stop: stopAll,
    signal,
    ended,
    kms: createClient(KMSService, transport),
    health: createClient(Health, transport),
    async get(path) {
      const response = await fetch(`http://127.0.0.1:${started.adminPort}${path}`);
      return { status: response.status, body: await response.text() };
    },
  };
}

function linesOf(output: string): LogLine[] {
  return output
    .split("\n")
    .filter((line) => line !== "")
    .map((line): LogLine => JSON.parse(line));
}
