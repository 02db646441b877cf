import type { FileContents, Log } from "@talos-bridge/grpc-server";
import { existsSync } from "node:fs";
import { checked, faulty, type Checked, type Fault } from "@talos-bridge/settings";
import type { Values } from "./config.ts";
import { checkModes, readAll } from "./file-check.ts";
import { resolvePaths } from "./material-paths.ts";
import { loadMaterial, type Material, type MaterialOptions } from "./material.ts";
import { selfIssuedNames, serverNames, type HostIdentity } from "./own-names.ts";

/** Material that was proven to work, what it was read from, and how it is read again. */
export interface Proven {
  readonly material: Material;
  readonly contents: FileContents;
  readonly options: MaterialOptions;
}

/** Finds, reads and proves all material at start: a probe certificate is signed and verified. All faults at once. */
export async function proveMaterial(
  values: Values,
  host: HostIdentity,
  now: Date,
  log: Log,
): Promise<Checked<Proven>> {
  const paths = resolvePaths(values, existsSync);
  if (!paths.ok) return paths;
  const { contents, faults: unreadable } = await readAll(paths.value);
  const modes = await checkModes(paths.value, values.strictFileModes);
  const options: MaterialOptions = {
    paths: paths.value,
    givenToken: values.talosToken,
    ownNames: selfIssuedNames(serverNames(values.serverIps), host),
  };
  const material = await loadMaterial(options, contents, now);
  const faults: Fault[] = [...unreadable, ...modes.faults, ...(material.ok ? [] : material.faults)];
  if (!material.ok || faults.length > 0) return faulty(...faults);
  for (const { fault, ...where } of modes.warnings) log.warn("file mode", { ...where, warning: fault });
  if (material.value.serving.selfIssued && values.serverIps.length === 0) {
    log.warn(
      "issued a serving certificate for this host's own names: set SERVER_IPS to what workers connect to",
    );
  }
  return checked({ material: material.value, contents, options });
}
