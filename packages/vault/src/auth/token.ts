import { readCredential } from "./credential.ts";
import type { AuthMethod, ReadTextFile } from "./method.ts";

const REREAD_MS = 30_000;

/** A token that was given, as VAULT_TOKEN. It is renewed where that works, and never revoked. */
export function tokenAuth({ token }: { readonly token: string }): AuthMethod {
  return {
    name: "token",
    tokens: "given",
    login: async () => ({
      token: await readCredential("token", { text: token }),
      ttlMs: undefined,
      renewable: false,
    }),
  };
}

/** A token in a file that somebody else keeps fresh, such as an agent's sink; looked at every 30 s. */
export function tokenFileAuth({
  file,
  readFile,
  rereadMs = REREAD_MS,
}: {
  readonly file: string;
  readonly readFile: ReadTextFile;
  readonly rereadMs?: number;
}): AuthMethod {
  return {
    name: "token-file",
    tokens: "given",
    rereadMs,
    login: async () => ({
      token: await readCredential("token", { file, readFile }),
      ttlMs: undefined,
      renewable: false,
    }),
  };
}

/** No token: the address is that of an agent or proxy that adds its own. */
export function agentAuth(): AuthMethod {
  return { name: "agent", tokens: "none", login: async () => undefined };
}
