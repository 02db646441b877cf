import { checkFileMode, readFiles, type FileContents } from "@talos-bridge/grpc-server";
import type { Fault } from "@talos-bridge/settings";
import type { MaterialPaths } from "./material-paths.ts";

/** Every file that is read, watched and read again. */
export function filesOf(paths: MaterialPaths): readonly string[] {
  const { caCertificate, caKey, serving, acceptedCas, tokenFile } = paths;
  const all = [caCertificate, caKey, serving?.certificate, serving?.key, acceptedCas, tokenFile?.path];
  return [...new Set(all.filter((path) => path !== undefined))];
}

/** Reads all files. What is there but can't be read is a fault; what isn't there is told by whoever needs it. */
export async function readAll(
  paths: MaterialPaths,
): Promise<{ contents: FileContents; faults: readonly Fault[] }> {
  const faults: Fault[] = [];
  const contents = await readFiles(filesOf(paths), (file, error) => {
    const why = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    faults.push({ setting: settingOf(paths, file), file, fault: `can't be read: ${why}` });
  });
  return { contents, faults };
}

/** Judges who else may read or change what decides over trust. */
export async function checkModes(
  paths: MaterialPaths,
  strict: boolean,
): Promise<{ faults: readonly Fault[]; warnings: readonly Fault[] }> {
  const faults: Fault[] = [];
  const warnings: Fault[] = [];
  const secret = [paths.caKey, paths.serving?.key, paths.tokenFile?.path].filter(
    (path) => path !== undefined,
  );
  for (const file of secret) {
    const mode = await checkFileMode(file, { strict });
    if (mode.verdict === "fine") continue;
    const list = mode.verdict === "refuse" ? faults : warnings;
    list.push({ setting: settingOf(paths, file), file, fault: mode.reason });
  }
  return { faults, warnings };
}

function settingOf(paths: MaterialPaths, file: string): string {
  switch (file) {
    case paths.caCertificate:
      return "CA_CERT_PATH";
    case paths.caKey:
      return "CA_KEY_PATH";
    case paths.serving?.certificate:
      return "TLS_CERT_PATH";
    case paths.serving?.key:
      return "TLS_KEY_PATH";
    case paths.acceptedCas:
      return "ACCEPTED_CAS_PATH";
    default:
      return "TALOS_TOKEN_FILE";
  }
}
