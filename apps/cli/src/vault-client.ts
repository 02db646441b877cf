import {
  createVault,
  isVaultError,
  readVaultEnvironment,
  type Vault,
  type VaultError,
} from "@talos-bridge/vault";
import { readdir, readFile } from "node:fs/promises";
import { CliError } from "./cli-error.ts";
import { throwIfEnded, type CommandContext } from "./command-context.ts";

/** Runs `work` with a client made of VAULT_* or BAO_*. What goes wrong is TB1001 (environment, arguments) or TB2004. */
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
    throw new CliError(error.code === "ERR_VAULT_ARGUMENT" ? "TB1001" : "TB2004", told(error), {
      cause: error,
    });
  }
}

/** With what it comes of: that no token is taken may mean that nobody answers. */
function told({ message, code, cause }: VaultError): string {
  return `${message} (${code})${isVaultError(cause) ? `: ${told(cause)}` : ""}`;
}
