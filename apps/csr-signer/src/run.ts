import { createLog, type Log } from "@talos-bridge/grpc-server";
import { loadSettings, settingsHelp } from "@talos-bridge/settings";
import type { SettingSource } from "@talos-bridge/settings";
import { BUILD } from "./build-info.ts";
import { checkValues, type Values } from "./config.ts";
import type { Fault } from "./fault.ts";
import { SETTINGS } from "./settings.ts";
import { startSigner, type Started } from "./signer.ts";
import type { HostIdentity } from "./own-names.ts";

/** Everything outside the process that the signer touches, but the files its settings name. */
export interface World {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly write: (text: string) => void;
  readonly host: HostIdentity;
  /** The calendar clock: validity of certificates goes by it. */
  readonly now: () => Date;
  /** First signal: stop gracefully. */
  readonly stop: AbortSignal;
  /** Second signal: stop at once. */
  readonly stopNow: AbortSignal;
  /** Told once calls are taken. */
  readonly onListening?: (started: Started) => void;
}

/** Runs the signer until it is told to stop. The exit code: 0 after a graceful end, 1 for a fault in configuration. */
export async function run(world: World): Promise<number> {
  const settings = loadSettings(SETTINGS, { argv: world.argv, env: world.env });
  switch (settings.kind) {
    case "help":
      world.write(settingsHelp(SETTINGS, { program: "csr-signer", description: DESCRIPTION }));
      return 0;
    case "version":
      world.write(`csr-signer ${BUILD.version}\n`);
      return 0;
    case "faults":
      return tellFaults(createLog({ level: "info", format: "json", write: world.write }), settings.faults);
    case "values":
      return serve(world, settings);
  }
}

const DESCRIPTION = "Signs the certificate requests of Talos workers where there is no Talos control plane.";

interface Loaded {
  readonly values: Values;
  readonly warnings: readonly string[];
  readonly sources: { readonly adminAddr: SettingSource };
}

async function serve(world: World, { values, warnings, sources }: Loaded): Promise<number> {
  const log = createLog({ level: values.logLevel, format: values.logFormat, write: world.write });
  for (const warning of warnings) log.warn(warning);
  const valid = checkValues(values);
  const started = valid.ok
    ? await startSigner({ values, adminAddrSource: sources.adminAddr, host: world.host, now: world.now, log })
    : valid;
  if (!started.ok) return tellFaults(log, started.faults);
  world.onListening?.(started.value);
  await aborted(world.stop);
  log.info("stopping", { delayMs: values.shutdownDelay, timeoutMs: values.shutdownTimeout });
  await started.value.stop(world.stopNow);
  return 0;
}

function tellFaults(log: Log, faults: readonly Fault[]): number {
  for (const fault of faults) log.error("configuration fault", { ...fault });
  log.error(`not started: ${faults.length} configuration ${faults.length === 1 ? "fault" : "faults"}`);
  return 1;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
