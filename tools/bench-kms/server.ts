import { spawn, type ChildProcess } from "node:child_process";
import { join, resolve } from "node:path";
import { accepting, endWithUs, freePort, serverOf, type Server } from "../bench/servers.ts";
import { shippedRuntime } from "../shipped.ts";
import type { Material } from "./material.ts";

export const SHIPPED = shippedRuntime("kms-vault");
export const KMS_FOLDER = resolve(import.meta.dirname, "../../apps/kms-vault");

/** Starts the built kms-vault with its log thrown away and `flags` for its Node; resolves once it accepts. */
export async function startKms(material: Material, flags: readonly string[]): Promise<Server> {
  const port = await freePort();
  const child = spawnKms(material, port, flags);
  await accepting(child, port);
  return serverOf(child, port);
}

/** Its process alone, which will listen on `port`. */
export function spawnKms(
  { bao, token, serving }: Material,
  port: number,
  flags: readonly string[] = [],
): ChildProcess {
  const child = spawn(
    process.execPath,
    [
      ...SHIPPED.flags,
      ...flags,
      join(KMS_FOLDER, "dist/main.js"),
      `--kms-api-endpoint=127.0.0.1:${port}`,
      "--health-server-addr=127.0.0.1:0",
      "--enable-tls",
      `--tls-cert=${serving.certificate}`,
      `--tls-key=${serving.key}`,
    ],
    {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...SHIPPED.env, VAULT_ADDR: bao.address, VAULT_TOKEN: token },
    },
  );
  endWithUs(child);
  return child;
}
