import { isVaultError } from "@talos-bridge/vault";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command-context.ts";
import { withVault } from "./vault-client.ts";

export interface OfflineInput {
  readonly nodeUuid: string;
  /** `vault:v…`. */
  readonly sealed: string;
  readonly mountPath: string;
}

/**
 * Unseals without a KMS: the key is named by the UUID, in lower case, or as a Go proxy once typed it. Throws TB1007 for what Vault
 * never sealed, TB2003 where no key opens it, TB2004.
 */
export async function unsealOffline(context: CommandContext, input: OfflineInput): Promise<Buffer> {
  const { nodeUuid, sealed: ciphertext, mountPath } = input;
  if (ciphertext.startsWith("tbk:")) {
    const fix = "run kms-vault with the keyring's file, and give its --endpoint in place of --offline";
    throw new CliError("TB1007", "it was sealed with a keyring, not by Vault", { fix });
  }
  const names = [...new Set([nodeUuid.toLowerCase(), nodeUuid, nodeUuid.toUpperCase()])];
  return withVault(context, async (vault) => {
    const transit = vault.transit(mountPath);
    for (const key of names) {
      try {
        const { plaintext } = await transit.decrypt({ key, ciphertext, signal: context.signal });
        return Buffer.from(plaintext);
      } catch (error) {
        if (!isVaultError(error, "ERR_VAULT_KEY_NOT_FOUND") && !isVaultError(error, "ERR_VAULT_REJECTED"))
          throw error;
        context.out.detail(`${key}: ${error.reasons.join("; ")}`);
      }
    }
    throw new CliError("TB2003", `no key of ${mountPath} named by this UUID opens the data`);
  });
}
