import { runProgram, type ProgramWorld } from "@talos-bridge/grpc-server";
import { vaultFaults } from "./open-backend.ts";
import { startKms, type Started } from "./server.ts";
import { SETTINGS } from "./settings.ts";

/** Everything outside the process that the KMS touches, but the files and hosts its settings name. */
export interface World extends ProgramWorld {
  readonly hostname: string;
  /** Is there while this replica leads: the Go proxy's probes look for it. */
  readonly leaderFilePath: string;
  /** Told once calls are taken. */
  readonly onListening?: (started: Started) => void;
}

/** Runs the KMS until it is told to stop. The exit code: 0 after a graceful end, 1 for a fault in configuration. */
export function run(world: World): Promise<number> {
  const { env, hostname, leaderFilePath, onListening } = world;
  return runProgram(
    {
      name: "kms-vault",
      description: "Seals and unseals the disk keys of Talos nodes with Vault or OpenBao transit.",
      settings: SETTINGS,
      log: ({ logLevel, logFormat }) => ({ level: logLevel, format: logFormat }),
      onListening,
      otherFaults: vaultFaults,
      start: ({ values, sources, log }) =>
        startKms({ values, healthAddrSource: sources.healthServerAddr, env, hostname, leaderFilePath, log }),
    },
    world,
  );
}
