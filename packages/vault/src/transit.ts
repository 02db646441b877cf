import { badResponse, type VaultAnswer } from "./answer.ts";
import type { VaultCall } from "./call.ts";
import { checkKeyName, checkPath } from "./paths.ts";

interface TransitRequest {
  /** Name of the key; see {@link checkKeyName}. */
  readonly key: string;
  /** For keys made with `derived=true`, which need it each time. */
  readonly context?: Uint8Array | undefined;
  /** Authenticated with the ciphertext, not stored in it. */
  readonly associatedData?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds, if fewer than the client's budget. */
  readonly budgetMs?: number;
}

export interface EncryptRequest extends TransitRequest {
  readonly plaintext: Uint8Array;
}

export interface DecryptRequest extends TransitRequest {
  /** `vault:vN:` and base64, as encrypt gave it. */
  readonly ciphertext: string;
}

export interface Encrypted {
  /** `vault:vN:` and base64, from OpenBao too. */
  readonly ciphertext: string;
  /** N: the version of the key. */
  readonly keyVersion: number;
}

export interface Transit {
  /**
   * Encrypts under the named key. Where the token's policy has `create` on the path and the mount does not forbid it,
   * Vault makes a key it does not have.
   *
   * @throws VaultError any code; `ERR_VAULT_FORBIDDEN` also for an unknown key under an update-only policy
   */
  encrypt(request: EncryptRequest): Promise<Encrypted>;
  /** @throws VaultError any code; 400s are `ERR_VAULT_KEY_NOT_FOUND` and `ERR_VAULT_REJECTED` */
  decrypt(request: DecryptRequest): Promise<{ readonly plaintext: Uint8Array; readonly keyVersion: number }>;
}

const CIPHERTEXT = /^vault:v(?<version>[1-9][0-9]{0,8}):[A-Za-z0-9+/]+={0,2}$/;

/** The version N of a transit ciphertext `vault:vN:…`, or undefined where the text has not that shape. */
export function transitKeyVersion(ciphertext: string): number | undefined {
  const version = CIPHERTEXT.exec(ciphertext)?.groups?.["version"];
  return version === undefined ? undefined : Number(version);
}

/**
 * The transit secrets engine at a mount path (`transit` if not given).
 *
 * @throws VaultError `ERR_VAULT_ARGUMENT` for a mount path that cannot be one
 */
export function createTransit({
  call,
  mountPath = "transit",
}: {
  readonly call: VaultCall;
  readonly mountPath?: string;
}): Transit {
  const mount = checkPath(mountPath);

  async function post(
    action: "encrypt" | "decrypt",
    request: TransitRequest,
    text: Readonly<Record<string, string>>,
  ): Promise<VaultAnswer> {
    const { key, context, associatedData, signal, budgetMs } = request;
    const body = {
      ...text,
      ...(context !== undefined && { context: base64(context) }),
      ...(associatedData !== undefined && { associated_data: base64(associatedData) }),
    };
    return await call({
      method: "POST",
      path: `${mount}/${action}/${checkKeyName(key)}`,
      operation: `transit/${action}`,
      body,
      signal,
      ...(budgetMs !== undefined && { budgetMs }),
    });
  }

  return {
    async encrypt(request) {
      const { data } = await post("encrypt", request, { plaintext: base64(request.plaintext) });
      const ciphertext = data["ciphertext"];
      const keyVersion = typeof ciphertext === "string" ? transitKeyVersion(ciphertext) : undefined;
      if (typeof ciphertext !== "string" || keyVersion === undefined) throw badResponse("no ciphertext", 200);
      return { ciphertext, keyVersion };
    },

    async decrypt(request) {
      const { data } = await post("decrypt", request, { ciphertext: request.ciphertext });
      const plaintext = typeof data["plaintext"] === "string" ? strictBase64(data["plaintext"]) : undefined;
      if (plaintext === undefined) throw badResponse("no plaintext", 200);
      return { plaintext, keyVersion: transitKeyVersion(request.ciphertext) ?? 0 };
    },
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Node skips what is not base64; a plaintext cut or changed on its way must not pass for one. */
function strictBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? new Uint8Array(bytes) : undefined;
}
