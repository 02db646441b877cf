import { appRoleAuth } from "./auth/approle.ts";
import { certAuth } from "./auth/cert.ts";
import type { Credential } from "./auth/credential.ts";
import { jwtAuth, kubernetesAuth } from "./auth/jwt.ts";
import type { AuthMethod } from "./auth/method.ts";
import { agentAuth, tokenAuth, tokenFileAuth } from "./auth/token.ts";
import { createVaultCall, DEFAULT_BUDGET_MS, type VaultCall } from "./call.ts";
import type { CredentialSetting, VaultAuthSettings } from "./environment-auth.ts";
import type { VaultSettings } from "./environment.ts";
import type { VaultEvents } from "./events.ts";
import { readVaultHealth, type VaultHealth } from "./health.ts";
import { createHttpRequest } from "./http-request.ts";
import { createRateLimiter } from "./rate-limit.ts";
import { createVaultSession, type VaultSession } from "./session.ts";
import { systemTimers, type VaultTimers } from "./timers.ts";
import { readVaultTls, type VaultFiles } from "./tls-files.ts";
import { createTransit, type Transit } from "./transit.ts";

export interface VaultPorts extends VaultFiles {
  readonly timers?: VaultTimers;
  /** From 0 to under 1. */
  readonly random?: () => number;
  readonly events?: VaultEvents;
  /** Milliseconds for one call, if fewer than the settings'. 8,000 if not given. */
  readonly budgetMs?: number;
  readonly attemptTimeoutMs?: number;
}

export interface Vault {
  readonly session: VaultSession;
  /** Any operation, with the session's token. */
  readonly call: VaultCall;
  /** The transit engine at this mount path, `transit` if not given. */
  transit(mountPath?: string): Transit;
  health(timeoutMs?: number): Promise<VaultHealth>;
  /** TLS files and credential files to watch; call {@link Vault.reloadTls} or `session.refresh` when they change. */
  readonly files: { readonly tls: readonly string[]; readonly credentials: readonly string[] };
  /** Reads the TLS files again; rejects with `ERR_VAULT_CREDENTIALS` and keeps the old ones where they cannot be used. */
  reloadTls(): Promise<void>;
  /** Stops the session, then lets connections go. */
  close(): Promise<void>;
}

/**
 * Puts a client together from settings: connections, retries, session. Nothing is sent before `session.start()` or the
 * first call.
 *
 * @throws VaultError `ERR_VAULT_CREDENTIALS` for TLS files that cannot be used, `ERR_VAULT_ARGUMENT` for an address
 */
export async function createVault(settings: VaultSettings, ports: VaultPorts): Promise<Vault> {
  const { timers = systemTimers, random = Math.random, events = {}, attemptTimeoutMs } = ports;
  const tls = settings.tls ?? {};
  const budgetMs = Math.min(ports.budgetMs ?? DEFAULT_BUDGET_MS, settings.timeoutMs ?? Infinity);
  const { address, proxy, followRedirects = true, srvLookup = false, rateLimit } = settings;
  let material = await readVaultTls(tls, ports);
  const http = createHttpRequest({ address, tls: material, proxy, followRedirects, srvLookup });

  async function reloadTls(): Promise<void> {
    const next = await readVaultTls(tls, ports);
    if (JSON.stringify(next) === JSON.stringify(material)) return;
    http.setTls(next);
    material = next;
  }

  const bare = createVaultCall({
    request: http.request,
    namespace: settings.namespace,
    headers: settings.headers ?? {},
    budgetMs,
    ...(attemptTimeoutMs !== undefined && { attemptTimeoutMs }),
    maxRetries: settings.maxRetries,
    rateLimiter: rateLimit === undefined ? undefined : createRateLimiter(rateLimit, timers),
    timers,
    random,
    events,
  });
  const session = createVaultSession({
    call: bare,
    auth: authMethod(settings.auth, ports, reloadTls),
    autoRenew: settings.autoRenew ?? true,
    authNamespace: settings.authNamespace,
    budgetMs,
    timers,
    random,
    events,
  });
  return {
    session,
    call: session.call,
    transit: (mountPath = "transit") => createTransit({ call: session.call, mountPath }),
    health: (timeoutMs = 2_000) => readVaultHealth({ request: http.request, timeoutMs, timers }),
    files: {
      tls: [tls.caFile, tls.certFile, tls.keyFile].filter((path) => path !== undefined),
      credentials: credentialFiles(settings.auth),
    },
    reloadTls,
    async close() {
      await session.stop();
      http.close();
    },
  };
}

function authMethod(
  auth: VaultAuthSettings,
  { readFile }: VaultFiles,
  reloadTls: () => Promise<void>,
): AuthMethod {
  const credential = (setting: CredentialSetting): Credential =>
    "file" in setting ? { ...setting, readFile } : setting;
  switch (auth.method) {
    case "token":
      return tokenAuth(auth);
    case "token-file":
      return tokenFileAuth({ ...auth, readFile });
    case "kubernetes":
      return kubernetesAuth({ ...auth, readFile });
    case "approle": {
      const secretId = auth.secretId === undefined ? undefined : credential(auth.secretId);
      return appRoleAuth({ ...auth, roleId: credential(auth.roleId), secretId });
    }
    case "jwt":
      return jwtAuth({ ...auth, jwt: credential(auth.jwt) });
    case "cert":
      return certAuth({ ...auth, reloadTls });
    case "agent":
      return agentAuth();
  }
}

function credentialFiles(auth: VaultAuthSettings): readonly string[] {
  const of = (setting: CredentialSetting | undefined): readonly string[] =>
    setting !== undefined && "file" in setting ? [setting.file] : [];
  if (auth.method === "token-file") return [auth.file];
  return auth.method === "approle" ? [...of(auth.roleId), ...of(auth.secretId)] : [];
}
