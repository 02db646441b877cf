import { isVaultError, type Transit, type VaultError } from "@talos-bridge/vault";
import type { SealBackend, SealCall, Unsealed } from "./seal-backend.ts";
import { SealError } from "./seal-error.ts";
import { sealErrorOf } from "./vault-seal-error.ts";

export interface TransitBackendOptions {
  readonly transit: Transit;
  /** `precreate`: a Seal never makes a key, whatever the token's policy allows. */
  readonly keyPolicy: "upsert" | "precreate";
  /** Bytes of a sealed key, KMS_SEAL_SIZE: a text far longer than its ciphertext is not sent on. */
  readonly sealSize: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Talos gives a call 10 s, dialling included. An answer is there within 8 s: the rest is for a slow machine and the way back. */
const BUDGET_MS = 7_700;
/** How long a standby that serves reads may lag behind the key that was just made. */
const LAG_MS = 2_000;
const LAG_STEP_MS = 100;

/** Only the beginning is told apart: of what follows, one answer for cut, changed and foreign. */
const PREFIX = /^vault:v[1-9][0-9]{0,8}:/;
/** Bytes that a ciphertext has more than what was sealed: 28 for AES-GCM and ChaCha20, up to 512 for RSA. */
const MAX_OVERHEAD_BYTES = 1_024;
/** A ciphertext that no key opens: 60 zero bytes, as long as a Talos key sealed. */
const NOBODYS = `vault:v1:${Buffer.alloc(60).toString("base64")}`;

/** Seals with a key per node in Vault's or OpenBao's transit engine, named by the lower-case UUID. */
export function createTransitBackend(options: TransitBackendOptions): SealBackend {
  const { transit, keyPolicy, sealSize, now, wait } = options;
  const maxLength = Math.ceil((sealSize + MAX_OVERHEAD_BYTES) / 3) * 4;
  /** One budget over all that a call asks of Vault. */
  function within({ signal }: SealCall): () => { readonly signal: AbortSignal; readonly budgetMs: number } {
    const deadline = now() + BUDGET_MS;
    return () => ({ signal, budgetMs: Math.max(0, deadline - now()) });
  }

  async function isKnown(key: string, limits: ReturnType<typeof within>): Promise<boolean> {
    try {
      await transit.decrypt({ key, ciphertext: NOBODYS, ...limits() });
    } catch (error) {
      if (isVaultError(error, "ERR_VAULT_KEY_NOT_FOUND")) return false;
      if (!isVaultError(error, "ERR_VAULT_REJECTED")) throw error;
    }
    return true;
  }

  /** Unseals what was just sealed; a standby may not have heard of the key yet. */
  async function unsealAgain(
    key: string,
    ciphertext: string,
    signal: AbortSignal,
    limits: ReturnType<typeof within>,
  ): Promise<Uint8Array> {
    for (const until = now() + LAG_MS; ;) {
      try {
        return (await transit.decrypt({ key, ciphertext, ...limits() })).plaintext;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        if (now() >= until) {
          throw new SealError("ERR_KMS_UNAVAILABLE", "vault does not unseal what it just sealed", {
            cause: error,
          });
        }
      }
      await wait(LAG_STEP_MS, signal);
    }
  }

  return {
    async seal(call) {
      const { uuid: key, data, signal } = call;
      const limits = within(call);
      try {
        if (keyPolicy === "precreate" && !(await isKnown(key, limits))) {
          throw new SealError("ERR_KMS_UNKNOWN_NODE", "the node has no key, and none is made");
        }
        const { ciphertext, keyVersion } = await transit.encrypt({ key, plaintext: data, ...limits() });
        const again = await unsealAgain(key, ciphertext, signal, limits);
        if (Buffer.compare(again, data) !== 0) {
          throw new SealError("ERR_KMS_NOT_UNSEALABLE", "what was sealed did not come back the same");
        }
        return { ciphertext: Buffer.from(ciphertext, "latin1"), keyVersion };
      } catch (error) {
        throw sealErrorOf("seal", error);
      }
    },

    async unseal(call) {
      const text = Buffer.from(call.ciphertext).toString("latin1");
      const prefix = PREFIX.exec(text)?.[0];
      if (prefix === undefined) throw new SealError("ERR_KMS_MALFORMED", "the data is no transit ciphertext");
      const body = text.slice(prefix.length);
      if (body.length > maxLength || !isBase64(body))
        throw new SealError("ERR_KMS_REFUSED", "cut or changed");
      const limits = within(call);
      const decrypt = async (key: string): Promise<Unsealed> => {
        const { plaintext, keyVersion } = await transit.decrypt({ key, ciphertext: text, ...limits() });
        return { data: plaintext, keyVersion };
      };
      try {
        return await decrypt(call.uuid).catch((error: unknown) => {
          if (call.typed === undefined || !isRefusal(error)) throw error;
          return decrypt(call.typed);
        });
      } catch (error) {
        throw sealErrorOf("unseal", error);
      }
    },
  };
}

/** Vault said 400. */
function isRefusal(error: unknown): error is VaultError {
  return isVaultError(error, "ERR_VAULT_KEY_NOT_FOUND") || isVaultError(error, "ERR_VAULT_REJECTED");
}

/** As an encoder writes it. Vault's decoder passes over line ends and stray bits: of one ciphertext there is one text. */
function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && Buffer.from(text, "base64").toString("base64") === text;
}
