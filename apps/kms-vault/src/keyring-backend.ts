import { KeyringError, type Keyring } from "@talos-bridge/keyring";
import type { SealBackend } from "./seal-backend.ts";
import { SealError } from "./seal-error.ts";

/** Seals with keys of one file on this machine. */
export function createKeyringBackend(keyring: Keyring): SealBackend {
  return {
    async seal({ uuid, data }) {
      const text = keyring.seal(uuid, data);
      if (!keyring.unseal(uuid, text).equals(data)) {
        throw new SealError("ERR_KMS_NOT_UNSEALABLE", "what was sealed did not come back the same");
      }
      return { ciphertext: Buffer.from(text, "latin1"), keyVersion: keyring.currentVersion };
    },
    async unseal({ uuid, ciphertext }) {
      const text = Buffer.from(ciphertext).toString("latin1");
      try {
        return { data: keyring.unseal(uuid, text), keyVersion: versionOf(text) };
      } catch (cause) {
        throw sealErrorOf(cause);
      }
    },
  };
}

function versionOf(text: string): number {
  return Number(text.split(":", 3)[2]);
}

function sealErrorOf(cause: unknown): unknown {
  if (!(cause instanceof KeyringError)) return cause;
  return cause.code === "ERR_KEYRING_MALFORMED"
    ? new SealError("ERR_KMS_MALFORMED", "the data is no ciphertext of the keyring", { cause })
    : new SealError("ERR_KMS_REFUSED", "the keyring does not open it", { cause });
}
