import { checkPath } from "../paths.ts";
import { readLogin } from "./credential.ts";
import type { AuthMethod } from "./method.ts";

/** The cert method: the client certificate of the TLS connection itself. */
export function certAuth({
  role,
  mountPath = "cert",
  reloadTls,
}: {
  /** Name of the certificate role; Vault tries all that match if not given. */
  readonly role?: string | undefined;
  readonly mountPath?: string;
  /** Called before each login, to take up a certificate that was renewed on disk. */
  readonly reloadTls?: () => Promise<void>;
}): AuthMethod {
  const mount = checkPath(mountPath);
  return {
    name: "cert",
    tokens: "own",
    async login(call) {
      await reloadTls?.();
      const answer = await call({
        method: "POST",
        path: `auth/${mount}/login`,
        operation: "auth/cert/login",
        body: role === undefined ? {} : { name: role },
      });
      return readLogin(answer);
    },
  };
}
