import { checkPath } from "../paths.ts";
import { readCredential, readLogin, type Credential } from "./credential.ts";
import type { AuthMethod } from "./method.ts";
import { createUnwrapper } from "./unwrap.ts";

export interface AppRoleOptions {
  readonly roleId: Credential;
  /** None: the role has `bind_secret_id=false`. */
  readonly secretId?: Credential | undefined;
  /** The secret-id is a wrapping token; see {@link createUnwrapper}. */
  readonly wrapped?: boolean;
  /** Where the wrapping token must have been made; any role of the mount if not given. */
  readonly creationPath?: string | undefined;
  readonly mountPath?: string;
}

/** The approle method. Files are read anew at every login; a wrapped secret-id is unwrapped once and then kept in memory. */
export function appRoleAuth({
  roleId,
  secretId,
  wrapped = false,
  creationPath,
  mountPath = "approle",
}: AppRoleOptions): AuthMethod {
  const mount = checkPath(mountPath);
  const unwrap = createUnwrapper({ mountPath: mount, creationPath });
  return {
    name: "approle",
    tokens: "own",
    async login(call) {
      const role = await readCredential("role-id", roleId);
      const secret = secretId === undefined ? undefined : await readCredential("secret-id", secretId);
      const bare = secret === undefined || !wrapped ? secret : await unwrap(call, secret);
      const answer = await call({
        method: "POST",
        path: `auth/${mount}/login`,
        operation: "auth/approle/login",
        body: { role_id: role, ...(bare !== undefined && { secret_id: bare }) },
        // A secret-id may have few uses: an answer that got lost must not cost another one at once.
        retry: false,
      });
      return readLogin(answer);
    },
  };
}
