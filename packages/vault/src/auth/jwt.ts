import { checkPath } from "../paths.ts";
import { readCredential, readLogin, type Credential } from "./credential.ts";
import type { AuthMethod, ReadTextFile } from "./method.ts";

/** The jwt method: a JWT from any issuer, read anew at every login where it is a file. */
export function jwtAuth({
  role,
  jwt,
  mountPath = "jwt",
}: {
  /** The mount's default role if not given. */
  readonly role?: string | undefined;
  readonly jwt: Credential;
  readonly mountPath?: string;
}): AuthMethod {
  return jwtLogin("jwt", mountPath, role, jwt);
}

/** Where Kubernetes puts a pod's token. */
export const SERVICE_ACCOUNT_TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/**
 * The kubernetes method: the service account's JWT, read anew at every login, since the kubelet replaces it. A projected
 * token with the role's `audience` is the better one to give.
 */
export function kubernetesAuth({
  role,
  readFile,
  jwtFile = SERVICE_ACCOUNT_TOKEN_FILE,
  mountPath = "kubernetes",
}: {
  readonly role: string;
  readonly readFile: ReadTextFile;
  readonly jwtFile?: string;
  readonly mountPath?: string;
}): AuthMethod {
  return jwtLogin("kubernetes", mountPath, role, { file: jwtFile, readFile });
}

function jwtLogin(
  name: "jwt" | "kubernetes",
  mountPath: string,
  role: string | undefined,
  jwt: Credential,
): AuthMethod {
  const mount = checkPath(mountPath);
  return {
    name,
    tokens: "own",
    async login(call) {
      const text = await readCredential(name === "jwt" ? "JWT" : "service account's JWT", jwt);
      const answer = await call({
        method: "POST",
        path: `auth/${mount}/login`,
        operation: `auth/${name}/login`,
        body: { ...(role !== undefined && { role }), jwt: text },
      });
      return readLogin(answer);
    },
  };
}
