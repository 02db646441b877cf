import {
  encodeSecretsBundle,
  generateSecretsBundle,
  readSecretsBundle,
  type SecretsBundle,
} from "@talos-bridge/secrets-bundle";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTalos, type Talos } from "./talos.ts";

/** A name, and what throws where it does not hold. */
export type Case = readonly [name: string, run: () => Promise<void>];

/** A bundle that each side made, and what carries files from one to the other. */
export interface Material {
  readonly talos: Talos;
  /** All files are in it. */
  readonly folder: string;
  /** Path of a new file with this text. */
  readonly save: (text: string) => string;
  readonly clock: { readonly now: Date };
  /** Talos makes its certificates after that, and this clock is not early for them. */
  readonly later: { readonly now: Date };
  readonly ours: SecretsBundle;
  readonly oursPath: string;
  readonly theirs: SecretsBundle;
  readonly theirsText: string;
  readonly theirsPath: string;
  readonly stop: () => void;
}

export async function makeMaterial(): Promise<Material> {
  const folder = mkdtempSync(join(tmpdir(), "bundle-conformance-"));
  const talos = startTalos();
  let files = 0;
  const save = (text: string): string => {
    const path = join(folder, `${++files}.yaml`);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const clock = { now: new Date() };
  const ours = await generateSecretsBundle(clock);
  const theirsText = await talos.text({ do: "new-bundle", contract: "1.13" });
  return {
    talos,
    folder,
    save,
    clock,
    later: { now: new Date(clock.now.getTime() + 60_000) },
    ours,
    oursPath: save(encodeSecretsBundle(ours)),
    theirs: readSecretsBundle(theirsText),
    theirsText,
    theirsPath: save(theirsText),
    stop() {
      talos.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
