import { readTokenFile, TokenAuthError } from "@talos-bridge/token-auth";
import { CliError } from "./cli-error.ts";
import { readText } from "./files.ts";
import type { World } from "./world.ts";

/** The first token of a file, read as the signer reads it. Throws TB1002, and TB1008 where there is none that can be used. */
export async function readJoinToken(world: World, path: string): Promise<string> {
  const text = await readText(world, path);
  try {
    const [token] = readTokenFile(text);
    if (token !== undefined) return token.secret;
  } catch (cause) {
    if (!(cause instanceof TokenAuthError)) throw cause;
    throw new CliError("TB1008", `${path}: ${cause.message}`, { cause });
  }
  throw new CliError("TB1008", `${path}: no join token in it`);
}
