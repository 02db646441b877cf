import type { AuthMethodName } from "./auth/method.ts";
import { SERVICE_ACCOUNT_TOKEN_FILE } from "./auth/jwt.ts";
import type { EnvironmentReader } from "./environment-reader.ts";
import { parseBoolean, parsePath } from "./environment-values.ts";

/** A secret's text or the path of its file. */
export type CredentialSetting = { readonly text: string } | { readonly file: string };

/** How to log in, as data. Mount paths are those below `auth/`. */
export type VaultAuthSettings =
  | { readonly method: "token"; readonly token: string }
  | { readonly method: "token-file"; readonly file: string }
  | {
      readonly method: "kubernetes";
      readonly role: string;
      readonly mountPath?: string;
      readonly jwtFile?: string;
    }
  | {
      readonly method: "approle";
      readonly roleId: CredentialSetting;
      readonly secretId?: CredentialSetting | undefined;
      readonly wrapped?: boolean;
      readonly creationPath?: string | undefined;
      readonly mountPath?: string;
    }
  | {
      readonly method: "jwt";
      readonly role?: string | undefined;
      readonly jwt: CredentialSetting;
      readonly mountPath?: string;
    }
  | { readonly method: "cert"; readonly role?: string | undefined; readonly mountPath?: string }
  | { readonly method: "agent" };

type Choice = Exclude<AuthMethodName, "token-file">;

/** AUTH_METHOD, else what is configured in the order of {@link detect}; the others that are configured come along. */
export function readAuthSettings(read: EnvironmentReader): {
  readonly settings: VaultAuthSettings | undefined;
  readonly passedOver: readonly AuthMethodName[];
} {
  const detected = detect(read);
  const asked = read.value(
    "AUTH_METHOD",
    parseMethod,
    "must be token, kubernetes, approle, jwt, cert or agent",
  );
  const chosen = asked ?? detected[0];
  if (chosen === undefined) {
    read.fault("AUTH_METHOD", "must be given: no token, role or certificate says how to log in");
    return { settings: undefined, passedOver: [] };
  }
  return { settings: settingsOf(chosen, read), passedOver: detected.filter((name) => name !== chosen) };
}

/** In any case, as the Go proxy takes them. */
function parseMethod(text: string): Choice | undefined {
  const asked = text.toLowerCase();
  if (asked === "token-file") return "token";
  const names: readonly Choice[] = ["token", "kubernetes", "approle", "jwt", "cert", "agent"];
  return names.find((name) => name === asked);
}

/** Methods that something here speaks for, the first one first. */
function detect(read: EnvironmentReader): readonly Choice[] {
  const has = (...names: readonly string[]): boolean => names.some((name) => read.text(name) !== undefined);
  const signs: readonly (readonly [Choice, boolean])[] = [
    ["kubernetes", has("K8S_ROLE")],
    ["approle", has("ROLE_ID", "ROLE_ID_FILE")],
    ["token", has("TOKEN", "TOKEN_FILE", "TOKEN_PATH")],
    ["jwt", has("JWT", "JWT_FILE")],
    ["cert", has("CLIENT_CERT", "CLIENT_CERT_BYTES")],
    ["agent", has("AGENT_ADDR")],
  ];
  return signs.flatMap(([name, found]) => (found ? [name] : []));
}

function settingsOf(method: Choice, read: EnvironmentReader): VaultAuthSettings | undefined {
  if (method === "agent") return { method };
  if (method === "token") return tokenSettings(read);
  if (method === "kubernetes") {
    const role = read.text("K8S_ROLE") ?? read.text("ROLE");
    if (role === undefined) read.fault("K8S_ROLE", "must be given for the kubernetes method");
    const jwtFile =
      read.text("K8S_SERVICE_ACCOUNT_PATH") ?? read.text("JWT_FILE") ?? SERVICE_ACCOUNT_TOKEN_FILE;
    const mountPath = mount(read, "K8S_MOUNT_PATH", method);
    return role === undefined ? undefined : { method, role, jwtFile, mountPath };
  }
  if (method === "approle") return appRoleSettings(read);
  const role = read.text("ROLE");
  const mountPath = mount(read, undefined, method);
  if (method === "cert") {
    const cert = read.text("CLIENT_CERT") ?? read.text("CLIENT_CERT_BYTES");
    if (cert === undefined) read.fault("CLIENT_CERT", "must be given for the cert method");
    return { method, role, mountPath };
  }
  const jwt = credential(read, "JWT", "JWT_FILE");
  if (jwt === undefined) read.fault("JWT_FILE", "must be given for the jwt method");
  return jwt === undefined ? undefined : { method, role, jwt, mountPath };
}

function tokenSettings(read: EnvironmentReader): VaultAuthSettings | undefined {
  const token = read.text("TOKEN");
  if (token !== undefined) return { method: "token", token };
  const file = read.text("TOKEN_FILE") ?? read.text("TOKEN_PATH");
  if (file !== undefined) return { method: "token-file", file };
  read.fault("TOKEN", "must be given for the token method");
  return undefined;
}

function appRoleSettings(read: EnvironmentReader): VaultAuthSettings | undefined {
  const roleId = credential(read, "ROLE_ID", "ROLE_ID_FILE");
  const secretId = credential(read, "SECRET_ID", "SECRET_ID_FILE");
  const creationPath = read.value("SECRET_ID_RESPONSE_WRAPPING_PATH", parsePath, "must be a path");
  const wrapped =
    read.value("SECRET_ID_WRAPPED", parseBoolean, "must be true or false") ?? creationPath !== undefined;
  if (wrapped && secretId === undefined) {
    read.fault("SECRET_ID", "must be given, or SECRET_ID_FILE, where the secret-id is wrapped");
  }
  const mountPath = mount(read, "APPROLE_MOUNT_PATH", "approle");
  if (roleId === undefined) read.fault("ROLE_ID", "must be given for the approle method");
  return roleId === undefined
    ? undefined
    : { method: "approle", roleId, secretId, wrapped, creationPath, mountPath };
}

function credential(
  read: EnvironmentReader,
  textName: string,
  fileName: string,
): CredentialSetting | undefined {
  const text = read.text(textName);
  if (text !== undefined) return { text };
  const file = read.text(fileName);
  return file === undefined ? undefined : { file };
}

/** People write `auth/NAME` and `NAME` for the same mount. */
function mount(read: EnvironmentReader, name: string | undefined, fallback: string): string {
  const used = name !== undefined && read.text(name) !== undefined ? name : "PATH";
  const path = read.value(used, parsePath, "must be a mount path of letters, digits, _, . and -");
  return path?.replace(/^auth\//, "") ?? fallback;
}
