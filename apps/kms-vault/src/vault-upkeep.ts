import { delay, readFiles, repeat, watchFiles, type HealthCheck, type Log } from "@talos-bridge/grpc-server";
import type { Vault, VaultHealth } from "@talos-bridge/vault";
import { randomBytes } from "node:crypto";
import type { KmsMetrics } from "./kms-metrics.ts";

export interface VaultUpkeepOptions {
  readonly vault: Vault;
  readonly mountPath: string;
  readonly canaryKey: string | undefined;
  readonly log: Log;
  readonly metrics: KmsMetrics;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number;
  readonly wallClock: () => number;
}

export interface VaultUpkeep {
  readonly checks: readonly HealthCheck[];
  stop(): Promise<void>;
}

const HEALTH_MS = 5_000;
const CANARY_MS = 60_000;
/** A Vault that restarts or changes its leader must not take every replica out of its Service. */
const GRACE_MS = 30_000;

/** Keeps a session with Vault, watches its files and asks how it is. A Vault that is down is waited for. */
export async function keepVault(options: VaultUpkeepOptions): Promise<VaultUpkeep> {
  const { vault, log, metrics, monotonic, wallClock } = options;
  let health: VaultHealth | undefined;
  let usableAt: number | undefined;

  async function look(): Promise<void> {
    const now = await vault.health();
    if (now.usable) usableAt = monotonic();
    metrics.vaultUp(now.usable);
    if (now.state !== health?.state) {
      const { state, status, version } = now;
      log[now.usable ? "info" : "warn"]("vault's state", { state, status, version });
    }
    health = now;
  }

  function unusable(): string | undefined {
    if (usableAt !== undefined && monotonic() - usableAt <= GRACE_MS) return undefined;
    return health === undefined ? "vault has not been asked yet" : `vault is ${health.state}`;
  }

  metrics.tokenEnds(() => {
    const inMs = vault.session.state().tokenEndsInMs;
    return inMs === undefined || inMs === Infinity ? 0 : (wallClock() + inMs) / 1000;
  });
  vault.session.start();
  const first = look();
  const endLooking = repeat(HEALTH_MS, look);
  const endCanary = startCanary(options);
  const watch = await watchVaultFiles(vault, log, metrics);
  const waited = new AbortController();
  await Promise.race([first, delay(1_000, waited.signal)]);
  waited.abort();

  return {
    checks: [
      {
        name: "vault-session",
        fault() {
          const { authenticated, lastError } = vault.session.state();
          return authenticated ? undefined : `not authenticated${lastError ? `: ${lastError}` : ""}`;
        },
      },
      { name: "vault", fault: unusable },
    ],
    async stop() {
      endLooking();
      endCanary();
      watch.stop();
      await vault.close();
    },
  };
}

/** Shows what sys/health can't: that policy and mount let a key be sealed and unsealed. It never decides on readiness. */
function startCanary({ vault, mountPath, canaryKey, log, metrics }: VaultUpkeepOptions): () => void {
  if (canaryKey === undefined) return () => undefined;
  const transit = vault.transit(mountPath);
  let wasOk: boolean | undefined;

  async function beat(key: string): Promise<void> {
    const plaintext = randomBytes(32);
    let ok = false;
    let error: unknown;
    try {
      const { ciphertext } = await transit.encrypt({ key, plaintext });
      ok = Buffer.compare((await transit.decrypt({ key, ciphertext })).plaintext, plaintext) === 0;
    } catch (cause) {
      error = cause;
    }
    metrics.canary(ok);
    if (ok !== wasOk) {
      if (ok) log.info("the canary key seals and unseals", { key });
      else log.warn("the canary key does not seal and unseal", { key, error });
    }
    wasOk = ok;
  }

  void beat(canaryKey);
  return repeat(CANARY_MS, () => beat(canaryKey));
}

async function watchVaultFiles(
  vault: Vault,
  log: Log,
  metrics: KmsMetrics,
): Promise<{ readonly stop: () => void }> {
  const { tls, credentials } = vault.files;
  const files = [...new Set([...tls, ...credentials])];
  if (files.length === 0) return { stop: () => undefined };

  async function take(source: "vault-tls" | "vault-credentials", change: () => Promise<void>): Promise<void> {
    try {
      await change();
      metrics.reloaded(source, true);
      log.info("took changed files", { source });
    } catch (error) {
      metrics.reloaded(source, false);
      log.error("can't take changed files, what was there stays", { source, error });
    }
  }

  return watchFiles({
    files,
    seen: await readFiles(files, () => undefined),
    async onChange(_contents, changed) {
      if (tls.some((file) => changed.has(file))) await take("vault-tls", () => vault.reloadTls());
      if (credentials.some((file) => changed.has(file))) {
        await take("vault-credentials", () => vault.session.refresh());
      }
    },
    onError: (file, error) => log.error("can't watch or read", { file, error }),
  });
}
