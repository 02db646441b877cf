import { readSecretsBundle, SecretsBundleError, type SecretsBundle } from "@talos-bridge/secrets-bundle";
import { CliError } from "./cli-error.ts";
import type { ErrorId } from "./error-table.ts";
import { readInput, shownPath } from "./files.ts";
import type { World } from "./world.ts";

/** Reads a secrets bundle. Throws TB1002, TB1006. */
export async function readBundle(world: World, path: string): Promise<SecretsBundle> {
  const bytes = await readInput(world, path);
  return naming(path, "TB1006", () => readSecretsBundle(bytes));
}

/** Runs `work` on a file's content; what the bundle package refuses is told with the file's name. */
export function naming<T>(path: string, id: ErrorId, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SecretsBundleError)) throw error;
    throw new CliError(id, `${shownPath(path)}: ${error.message} (${error.code})`, { cause: error });
  }
}
