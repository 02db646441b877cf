// kms-vault as its own process, from source, and a gRPC client with Talos's deadline in front of it.
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { KMSService } from "@talos-bridge/api";
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

export interface ProgramLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Program {
  readonly kms: Client<typeof KMSService>;
  /** A client with a connection of its own. */
  readonly connect: () => Client<typeof KMSService>;
  readonly lines: readonly ProgramLine[];
  /** An answer of the health port: status and body. */
  get(path: string): Promise<{ readonly status: number; readonly body: string }>;
  kill(signal: NodeJS.Signals): void;
  /** Waits for its end; the exit code, null where a signal ended it. */
  ended(): Promise<number | null>;
}

const MAIN = resolve(import.meta.dirname, "../../apps/kms-vault/src/main.ts");
const LOOPBACK = ["--kms-api-endpoint=127.0.0.1:0", "--health-server-addr=127.0.0.1:0"];
const STARTED_MS = 20_000;
/** What Talos gives a call. */
export const CALL_MS = 10_000;

/** Starts it, gives it to `use`, and ends it whatever comes. */
export async function withProgram<T>(
  env: Readonly<Record<string, string | undefined>>,
  use: (program: Program) => Promise<T>,
  argv: readonly string[] = [],
): Promise<T> {
  const child = spawn(process.execPath, ["--conditions=@talos-bridge/source", MAIN, ...LOOPBACK, ...argv], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines: ProgramLine[] = [];
  const { promise: listening, resolve: onListening } = Promise.withResolvers<ProgramLine>();
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line: ProgramLine = JSON.parse(text);
    lines.push(line);
    if (line.msg === "listening") onListening(line);
  });
  const managers: Http2SessionManager[] = [];
  try {
    const { port, adminPort } = await Promise.race([
      listening,
      exited.then(() => Promise.reject(new Error(`kms-vault ended: ${JSON.stringify(lines)}`))),
      late(STARTED_MS),
    ]);
    const connect = (): Client<typeof KMSService> => {
      const baseUrl = `http://127.0.0.1:${Number(port)}`;
      const sessionManager = new Http2SessionManager(baseUrl);
      managers.push(sessionManager);
      return createClient(
        KMSService,
        createGrpcTransport({ baseUrl, sessionManager, defaultTimeoutMs: CALL_MS }),
      );
    };
    return await use({
      kms: connect(),
      connect,
      lines,
      async get(path) {
        const response = await fetch(`http://127.0.0.1:${Number(adminPort)}${path}`);
        return { status: response.status, body: await response.text() };
      },
      kill: (signal) => void child.kill(signal),
      ended: async () => {
        await exited;
        return child.exitCode;
      },
    });
  } finally {
    for (const manager of managers) manager.abort();
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      const cut = setTimeout(() => child.kill("SIGKILL"), 15_000);
      await exited;
      clearTimeout(cut);
    }
  }
}

function late(ms: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`kms-vault did not listen within ${ms} ms`)), ms).unref();
  });
}

/** The disk key that cases seal. */
export const DISK_KEY = Buffer.from("0123456789abcdef0123456789abcdef");

export async function sealKey(kms: Client<typeof KMSService>, nodeUuid: string): Promise<Uint8Array> {
  return (await kms.seal({ nodeUuid, data: DISK_KEY })).data;
}

/** Unseals and compares. */
export async function unsealKey(
  kms: Client<typeof KMSService>,
  nodeUuid: string,
  data: Uint8Array,
): Promise<void> {
  const opened = await kms.unseal({ nodeUuid, data });
  assert.deepEqual(Buffer.from(opened.data), DISK_KEY, "a wrong plaintext");
}

export interface Refused {
  readonly code: string;
  readonly text: string;
  readonly ms: number;
}

/** How a call is refused; an answer is a failure. */
export async function refusalOf(call: Promise<unknown>): Promise<Refused> {
  const from = performance.now();
  const error: unknown = await call.then(
    () => assert.fail("an OK answer"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof assert.AssertionError) throw error;
  const { code, rawMessage } = ConnectError.from(error);
  return { code: Code[code], text: rawMessage, ms: Math.round(performance.now() - from) };
}
