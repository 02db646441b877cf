// kms-vault in this process, as an operator's environment configures it.
import type { Client } from "@connectrpc/connect";
import type { KMSService } from "@talos-bridge/api";
import { join } from "node:path";
import { run } from "../../apps/kms-vault/src/run.ts";
import { withKms } from "../start/node.ts";
import { until } from "./openbao.ts";

export interface KmsOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** Starts it, waits until it is ready, gives a client to `use`, and stops it whatever comes. */
export async function withKmsVault<T>(
  { env, folder }: KmsOptions,
  use: (kms: Client<typeof KMSService>, address: string) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const ports = Promise.withResolvers<{ port: number; adminPort: number | undefined }>();
  let output = "";
  const ended = run({
    argv: ["--kms-api-endpoint=127.0.0.1:0", "--health-server-addr=127.0.0.1:0"],
    env,
    hostname: "kms-host",
    leaderFilePath: join(folder, "leader"),
    write: (text) => void (output += text),
    stop: stop.signal,
    stopNow: new AbortController().signal,
    onListening: ports.resolve,
  });
  void ended.then((code) => ports.reject(new Error(`kms-vault ended with ${code}: ${output}`)));
  try {
    const { port, adminPort } = await ports.promise;
    await until("kms-vault is ready", async () => {
      const answer = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
      return answer.status === 200;
    }).catch((error: unknown) => {
      throw new Error(output, { cause: error });
    });
    const address = `127.0.0.1:${port}`;
    return await withKms(address, (kms) => use(kms, address));
  } finally {
    stop.abort();
    await ended;
  }
}
