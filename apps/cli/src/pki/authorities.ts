import { PkiError, readCertificates, type Certificate } from "@talos-bridge/pki";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { EXIT } from "../exit-code.ts";
import { readInput, shownPath } from "../files.ts";
import type { World } from "../world.ts";
import { certificatesOf, collect } from "./material.ts";

/** All CAs of files of any kind, a secrets bundle among them. Throws TB1007 where one can't be read, or has no CA. */
export async function readAuthorities(
  context: CommandContext,
  files: readonly string[],
): Promise<readonly Certificate[]> {
  const { materials, exit } = await collect(context, files);
  if (exit !== EXIT.ok) throw new CliError("TB1007", "the CAs can't be read");
  try {
    // A leaf that stands beside its CA, as in a talosconfig, is not to be trusted for itself.
    const authorities = materials.flatMap(certificatesOf).filter(({ isCa }) => isCa);
    if (authorities.length > 0) return authorities;
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new CliError("TB1007", `a CA can't be used: ${cause.message}`, { cause });
  }
  throw new CliError("TB1007", `${files.join(", ")}: no CA in it`);
}

/** The certificates of a file that has nothing else, as PEM: those that TLS is to trust. Throws TB1002, TB1007. */
export async function readCertificateFile(world: World, path: string): Promise<readonly Certificate[]> {
  const bytes = await readInput(world, path);
  try {
    return readCertificates(bytes);
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new CliError("TB1007", `${shownPath(path)}: ${cause.message}`, { cause });
  }
}
