import { stat } from "node:fs/promises";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { readText } from "../files.ts";
import { readBundleSource, type BundleSource } from "./bundle-source.ts";
import { fingerprintOf } from "../act-log.ts";
import { readState } from "./rotate.ts";
import type { RotationState } from "./state.ts";
import { rotationFiles } from "./system-ports.ts";

export interface Opened {
  readonly bundle: BundleSource;
  /** Undefined = nothing was begun in this folder. */
  readonly state: RotationState | undefined;
}

/**
 * Reads the bundle and the state, and checks that they belong together. Throws TB1006, TB1007, TB1101, TB1103; TB1101 too for a
 * folder that everybody may write to, where the state and its new CA could be anybody's.
 */
export async function openRotation(
  { world }: CommandContext,
  { secrets, dir }: { readonly secrets: string; readonly dir: string },
): Promise<Opened> {
  const bundle = readBundleSource(await readText(world, secrets), secrets);
  if (await isForAll(dir)) {
    const fix = `a folder of your own, or chmod o-w ${dir}`;
    throw new CliError("TB1101", `everybody may write to ${dir}: its state is not to be trusted`, { fix });
  }
  const state = await readState({ files: rotationFiles(world, dir) });
  if (state !== undefined) checkBundle(state, bundle);
  return { bundle, state };
}

async function isForAll(dir: string): Promise<boolean> {
  return stat(dir).then(
    ({ mode }) => (mode & OTHERS_WRITE) !== 0,
    () => false, // not there yet, or whoever opens it will tell
  );
}

const OTHERS_WRITE = 0o002;

function checkBundle({ stage, oldCertificate, newCa }: RotationState, { ca }: BundleSource): void {
  const found = fingerprintOf(ca.certificate);
  if (found === fingerprintOf(oldCertificate)) return;
  const isNew = found === fingerprintOf(newCa.certificate);
  if (isNew && stage === "done") return;
  throw new CliError(
    "TB1103",
    isNew
      ? "the bundle has the new CA already: until the rotation is finished the old one is needed"
      : "the bundle has another CA than the one that this rotation began with",
  );
}
