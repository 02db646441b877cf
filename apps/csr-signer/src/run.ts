import { runProgram, type ProgramWorld } from "@talos-bridge/grpc-server";
import { checkValues } from "./config.ts";
import type { HostIdentity } from "./own-names.ts";
import { SETTINGS } from "./settings.ts";
import { startSigner, type Started } from "./signer.ts";

/** Everything outside the process that the signer touches, but the files its settings name. */
export interface World extends ProgramWorld {
  readonly host: HostIdentity;
  /** The calendar clock: validity of certificates goes by it. */
  readonly now: () => Date;
  /** Told once calls are taken. */
  readonly onListening?: (started: Started) => void;
}

/** Runs the signer until it is told to stop. The exit code: 0 after a graceful end, 1 for a fault in configuration. */
export function run(world: World): Promise<number> {
  const { host, now, onListening } = world;
  return runProgram(
    {
      name: "csr-signer",
      description: "Signs the certificate requests of Talos workers where there is no Talos control plane.",
      settings: SETTINGS,
      log: ({ logLevel, logFormat }) => ({ level: logLevel, format: logFormat }),
      onListening,
      async start({ values, sources, log }) {
        const valid = checkValues(values);
        if (!valid.ok) return valid;
        return startSigner({ values, adminAddrSource: sources.adminAddr, host, now, log });
      },
    },
    world,
  );
}
