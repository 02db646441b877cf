import { checkFileMode, delay, readSmallFile, watchFiles } from "@talos-bridge/grpc-server";
import type { HealthCheck, Log } from "@talos-bridge/grpc-server";
import { KeyringError, openKeyring } from "@talos-bridge/keyring";
import { checked, faulty, type Checked, type Fault } from "@talos-bridge/settings";
import {
  checkKeyName,
  checkPath,
  createVault,
  readVaultEnvironment,
  VaultError,
  type VaultSettings,
} from "@talos-bridge/vault";
import { readdir } from "node:fs/promises";
import type { Values } from "./config.ts";
import { createKeyringBackend } from "./keyring-backend.ts";
import type { KmsMetrics } from "./kms-metrics.ts";
import type { SealBackend } from "./seal-backend.ts";
import { createTransitBackend } from "./transit-backend.ts";
import { vaultEvents } from "./vault-events.ts";
import { keepVault } from "./vault-upkeep.ts";

export interface BackendInput {
  readonly values: Values;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly metrics: KmsMetrics;
}

/** A backend that can be begun with. Nothing was sent yet. */
export interface OpenBackend {
  start(): Promise<RunningBackend>;
}

export interface RunningBackend {
  readonly backend: SealBackend;
  readonly checks: readonly HealthCheck[];
  stop(): Promise<void>;
}

/** Opens what KMS_BACKEND names, or tells all that is wrong with its configuration. */
export function openBackend(input: BackendInput): Promise<Checked<OpenBackend>> {
  return input.values.backend === "keyring" ? openKeyringBackend(input) : openTransitBackend(input);
}

/** What is wrong with the names that reach Vault. Where none of them is set, nobody knows yet that they are needed. */
export function vaultFaults(env: BackendInput["env"]): readonly Fault[] {
  const isSet = Object.keys(env).some((name) => /^(?:VAULT|BAO)_/.test(name));
  return isSet ? readVaultEnvironment(env).faults : [];
}

async function openTransitBackend({
  values,
  env,
  log,
  metrics,
}: BackendInput): Promise<Checked<OpenBackend>> {
  const { settings, faults, warnings, passedOver } = readVaultEnvironment(env);
  const nameFaults = checkNames(values);
  if (settings === undefined) return faulty(...faults, ...nameFaults);
  let vault;
  try {
    vault = await createVault(settings, {
      readFile: readText,
      readDirectory: readdir,
      events: vaultEvents(log, metrics),
    });
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    return faulty({ setting: settingAtFault(error, settings), fault: error.message }, ...nameFaults);
  }
  if (nameFaults.length > 0) return faulty(...nameFaults);
  const { session } = vault;
  const opened = vault;
  return checked({
    async start() {
      for (const warning of warnings) log.warn(warning);
      log.info("logs in to vault", { method: session.state().method, passedOver });
      const { mountPath, keyPolicy, sealSize, canaryKey } = values;
      const monotonic = (): number => performance.now();
      const upkeep = await keepVault({
        vault: opened,
        mountPath,
        canaryKey,
        log,
        metrics,
        monotonic,
        wallClock: Date.now,
      });
      const transit = opened.transit(mountPath);
      return {
        backend: createTransitBackend({ transit, keyPolicy, sealSize, now: monotonic, wait: delay }),
        checks: upkeep.checks,
        stop: () => upkeep.stop(),
      };
    },
  });
}

/** What goes into a path of Vault's. */
function checkNames({ mountPath, canaryKey }: Values): readonly Fault[] {
  const faults: Fault[] = [];
  const attempt = (setting: string, check: () => unknown): void => {
    try {
      check();
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      faults.push({ setting, fault: error.message });
    }
  };
  attempt("--mount-path", () => checkPath(mountPath));
  if (canaryKey !== undefined) attempt("KMS_CANARY_KEY", () => checkKeyName(canaryKey));
  return faults;
}

/** The environment's own faults are found before: what is left is a file that can't be read, or is not what it should be. */
function settingAtFault({ message }: VaultError, { tls = {} }: VaultSettings): string {
  if (tls.keyFile !== undefined && message.includes(tls.keyFile)) return "VAULT_CLIENT_KEY";
  if (tls.certFile !== undefined && message.includes(tls.certFile)) return "VAULT_CLIENT_CERT";
  return tls.caFile === undefined && tls.caDirectory !== undefined ? "VAULT_CAPATH" : "VAULT_CACERT";
}

async function readText(path: string): Promise<string> {
  const bytes = await readSmallFile(path);
  if (bytes === undefined) throw new Error("there is no such file");
  return bytes.toString("utf8");
}

async function openKeyringBackend({ values, log, metrics }: BackendInput): Promise<Checked<OpenBackend>> {
  const setting = "KMS_KEYRING_PATH";
  const { keyringPath: file, keyringCreate: create, strictFileModes: strict } = values;
  if (values.keyPolicy === "precreate") {
    return faulty({ setting: "KMS_KEY_POLICY", fault: "precreate needs the transit backend" });
  }
  if (file === undefined) return faulty({ setting, fault: "must be given for the keyring" });
  let keyring;
  try {
    keyring = await openKeyring(file, { create });
  } catch (error) {
    if (!(error instanceof KeyringError)) throw error;
    return faulty({ setting, file, fault: error.message });
  }
  const mode = await checkFileMode(file, { strict });
  if (mode.verdict === "refuse") return faulty({ setting, file, fault: mode.reason });
  if (mode.verdict === "warn") log.warn("file mode", { setting, file, warning: mode.reason });
  const opened = keyring;
  return checked({
    async start() {
      log.warn("the keyring is for trying out and tests: whoever has its file has every node's disk key");
      const watch = watchFiles({
        files: [file],
        seen: new Map([[file, await readSmallFile(file)]]),
        async onChange() {
          try {
            await opened.reload();
            metrics.reloaded("keyring", true);
            log.info("took changed files", { source: "keyring" });
          } catch (error) {
            metrics.reloaded("keyring", false);
            log.error("can't take changed files, what was there stays", { source: "keyring", error });
          }
        },
        onError: (path, error) => log.error("can't watch or read", { file: path, error }),
      });
      return {
        backend: createKeyringBackend(opened),
        checks: [],
        stop: () => Promise.resolve(watch.stop()),
      };
    },
  });
}
