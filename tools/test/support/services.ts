// The command line and the services, all in this process.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { run as runCli } from "../../../apps/cli/src/run.ts";
import { run as runKms } from "../../../apps/kms-vault/src/run.ts";
import { run as runSigner } from "../../../apps/csr-signer/src/run.ts";

/** A folder that goes with the test. */
export function scratchDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "command-line-test-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

export async function commandLine(
  argv: readonly string[],
  stdin: string | Uint8Array = "",
): Promise<{ exit: number; stdout: string; stderr: string }> {
  let stdout = "";
  let stderr = "";
  const exit = await runCli({
    argv,
    env: {},
    readStdin: async () => Buffer.from(stdin),
    stdout: { write: (text) => void (stdout += text), isTerminal: false },
    stderr: { write: (text) => void (stderr += text), isTerminal: false },
    now: () => new Date(),
    interrupted: new AbortController().signal,
    insisted: new AbortController().signal,
  });
  return { exit, stdout, stderr };
}

/** Runs a service until the test is over. */
async function serve<Started>(
  start: (world: {
    stop: AbortSignal;
    stopNow: AbortSignal;
    write: (text: string) => void;
    onListening: (started: Started) => void;
  }) => Promise<number>,
): Promise<Started> {
  const stop = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<Started>();
  let output = "";
  const ended = start({
    stop: stop.signal,
    stopNow: stop.signal,
    write: (text) => void (output += text),
    onListening: resolve,
  });
  ended.then((code) => reject(new Error(`ended with ${code}: ${output}`)), reject);
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  return promise;
}

export interface SignerFiles {
  readonly caCertificate: string;
  readonly caKey: string;
  readonly tokenFile: string;
}

/** A csr-signer on a port of the loopback address, which it returns. */
export async function serveSigner(
  { caCertificate, caKey, tokenFile }: SignerFiles,
  more: {
    readonly env?: Readonly<Record<string, string>>;
    readonly now?: () => Date;
  } = {},
): Promise<number> {
  const { port } = await serve<{ port: number }>((world) =>
    runSigner({
      ...world,
      argv: [],
      env: {
        PORT: "0",
        BIND_ADDRESS: "127.0.0.1",
        ADMIN_ADDR: "127.0.0.1:0",
        SERVER_IPS: "127.0.0.1",
        CA_CERT_PATH: caCertificate,
        CA_KEY_PATH: caKey,
        TALOS_TOKEN_FILE: tokenFile,
        ...more.env,
      },
      host: { hostname: "host", addresses: [] },
      now: more.now ?? (() => new Date()),
    }),
  );
  return port;
}

/** A kms-vault with a keyring in the folder, on a port of the loopback address, which it returns. */
export async function serveKms(dir: string, argv: readonly string[] = []): Promise<number> {
  const { port } = await serve<{ port: number }>((world) =>
    runKms({
      ...world,
      argv: ["--kms-api-endpoint=127.0.0.1:0", "--health-server=false", ...argv],
      env: {
        KMS_BACKEND: "keyring",
        KMS_KEYRING_PATH: join(dir, "keyring.json"),
        KMS_KEYRING_CREATE: "true",
      },
      hostname: "host",
      leaderFilePath: join(dir, "leader"),
    }),
  );
  return port;
}
