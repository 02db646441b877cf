import { createVault, isVaultError, readVaultEnvironment, type Vault } from "@talos-bridge/vault";
import { readdir, readFile } from "node:fs/promises";
import { CliError } from "./cli-error.ts";
import { throwIfEnded, type CommandContext } from "./command-context.ts";

/** Runs `work` with a client made of VAULT_* or BAO_*. What goes wrong is TB1001 (environment) or TB2004. */
export async function withVault<T>(context: CommandContext, work: (vault: Vault) => Promise<T>): Promise<T> {
  const { settings, faults, warnings } = readVaultEnvironment(context.world.env);
  if (settings === undefined) {
    throw new CliError("TB1001", faults.map(({ setting, fault }) => `${setting} ${fault}`).join("; "));
  }
  for (const warning of warnings) context.out.warn(warning);
  try {
    const vault = await createVault(settings, {
      readFile: (path) => readFile(path, "utf8"),
      readDirectory: readdir,
    });
    try {
      return await work(vault);
    } finally {
      await vault.close();
    }
  } catch (error) {
    throwIfEnded(context, error);
    if (!isVaultError(error)) throw error;
    throw new CliError("TB2004", `${error.message} (${error.code})`, { cause: error });
  }
}
