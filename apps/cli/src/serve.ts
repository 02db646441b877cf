import { run as runSigner } from "@talos-bridge/csr-signer";
import { run as runKms } from "@talos-bridge/kms-vault";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { hostname, networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandContext } from "./command-context.ts";
import { readBundle } from "./secrets-file.ts";
import type { World } from "./world.ts";

export interface ServeOptions {
  readonly service: "csr-signer" | "kms-vault";
  readonly flags: readonly string[];
  readonly secrets?: string;
}

/** Runs a service as its image does, until Ctrl-C. The exit code is the service's. */
export async function serve({ world }: CommandContext, options: ServeOptions): Promise<number> {
  // Its secrets lie in a folder of mode 0700 for as long as it runs.
  const folder = await mkdtemp(join(tmpdir(), "talos-bridge-serve-"));
  try {
    const process = {
      argv: options.flags,
      env: { ...(await filesOf(world, options, folder)), ...world.env },
      write: world.stdout.write,
      stop: world.interrupted,
      stopNow: world.insisted,
    };
    if (options.service === "kms-vault") {
      return await runKms({ ...process, hostname: hostname(), leaderFilePath: join(folder, "leader") });
    }
    const addresses = Object.values(networkInterfaces()).flatMap(
      (list) => list?.map(({ address }) => address) ?? [],
    );
    return await runSigner({ ...process, host: { hostname: hostname(), addresses }, now: world.now });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** CA and token of a bundle as the files that the signer reads. */
async function filesOf(
  world: World,
  { service, secrets }: ServeOptions,
  folder: string,
): Promise<Record<string, string>> {
  if (service !== "csr-signer" || secrets === undefined) return {};
  const { certs, trustdInfo } = await readBundle(world, secrets);
  const write = async (name: string, content: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  return {
    CA_CERT_PATH: await write("ca.crt", certs.os.crt),
    CA_KEY_PATH: await write("ca.key", certs.os.key),
    TALOS_TOKEN_FILE: await write("token", `${trustdInfo.token}\n`),
  };
}
