// The built kms-vault as its image runs it, on loopback.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { freePort, until } from "../integration-openbao/wait.ts";
import { shippedRuntime } from "../shipped.ts";

export const KMS_FOLDER = resolve(import.meta.dirname, "../../apps/kms-vault");

const SHIPPED = shippedRuntime("kms-vault");

export interface KmsOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags?: readonly string[];
  /** TLS for nodes; plaintext without it. */
  readonly serving?: { readonly certFile: string; readonly keyFile: string };
}

export interface Kms {
  readonly hostPort: string;
  readonly adminPort: number;
  readonly pid: () => number | undefined;
  readonly output: () => string;
  /** Lines of the log that hold this text. */
  readonly logged: (text: string) => number;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit status once it has ended; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Ends it by SIGTERM; rejects unless it ends with status 0. */
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts it and waits until it is ready. */
export async function startKms({ env, flags = [], serving }: KmsOptions): Promise<Kms> {
  const port = await freePort();
  const adminPort = await freePort();
  const child = spawn(
    process.execPath,
    [
      ...SHIPPED.flags,
      join(KMS_FOLDER, "dist/main.js"),
      `--kms-api-endpoint=127.0.0.1:${port}`,
      `--health-server-addr=127.0.0.1:${adminPort}`,
      ...(serving === undefined
        ? []
        : ["--enable-tls", `--tls-cert=${serving.certFile}`, `--tls-key=${serving.keyFile}`]),
      ...flags,
    ],
    { env: { ...SHIPPED.env, LOG_LEVEL: "debug", ...env }, stdio: ["ignore", "pipe", "pipe"] },
  );
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const ended = once(child, "exit").then(([status]) => {
    running.delete(child);
    return typeof status === "number" ? status : null;
  });
  await until("kms-vault is ready", async () => {
    if (child.exitCode !== null) throw new Error(`kms-vault ended with ${child.exitCode}: ${output}`);
    return await answersOk(`http://127.0.0.1:${adminPort}/readyz`);
  }).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw new Error(`kms-vault does not get ready: ${output}`, { cause: error });
  });
  return {
    hostPort: `127.0.0.1:${port}`,
    adminPort,
    pid: () => child.pid,
    output: () => output,
    logged: (text) => output.split("\n").filter((line) => line.includes(text)).length,
    signal: (name) => void child.kill(name),
    ended,
    async stop() {
      child.kill("SIGTERM");
      const status = await ended;
      if (status !== 0) throw new Error(`kms-vault ended with ${status}: ${output}`);
    },
  };
}

async function answersOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
