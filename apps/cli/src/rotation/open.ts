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

/** Reads the bundle and the state, and checks that they belong together. Throws TB1006, TB1007, TB1101, TB1103. */
export async function openRotation(
  { world }: CommandContext,
  { secrets, dir }: { readonly secrets: string; readonly dir: string },
): Promise<Opened> {
  const bundle = readBundleSource(await readText(world, secrets), secrets);
  const state = await readState({ files: rotationFiles(world, dir) });
  if (state !== undefined) checkBundle(state, bundle);
  return { bundle, state };
}

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
