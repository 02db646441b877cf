import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";

/** What a file's permission bits say about who else may read or change it. */
export type FileModeVerdict =
  | { readonly verdict: "fine" }
  | {
      readonly verdict: "warn" | "refuse";
      /** Lower-case, to be read after the file's name, such as "is readable by others (mode 0644)". */
      readonly reason: string;
    };

export interface FileModeOptions {
  /** Refuse whatever would only warn. */
  readonly strict: boolean;
  /** Permission bits of the file that a path leads to, through links; throws where there is none. */
  readonly modeOf?: (path: string) => Promise<number>;
  /** Whether the file that a path leads to is on a mount that can be written. */
  readonly writable?: (path: string) => Promise<boolean>;
}

/**
 * Judges the mode of a file that holds a secret or decides whom to trust. Writable by everybody on a writable mount:
 * refuse. Writable by its group, writable by everybody on a read-only mount, or readable by everybody: warn, since
 * Kubernetes mounts Secrets with 0644. A file that is not there or cannot be looked at is fine here: its reader tells.
 */
export async function checkFileMode(path: string, options: FileModeOptions): Promise<FileModeVerdict> {
  const { strict, modeOf = modeThroughLinks, writable = onWritableMount } = options;
  let mode: number;
  try {
    mode = await modeOf(path);
  } catch {
    return { verdict: "fine" };
  }
  const octal = `(mode ${(mode & 0o7777).toString(8).padStart(4, "0")})`;
  if ((mode & constants.S_IWOTH) !== 0) {
    const refused = strict || (await writable(path));
    return { verdict: refused ? "refuse" : "warn", reason: `is writable by others ${octal}` };
  }
  const lesser = strict ? "refuse" : "warn";
  if ((mode & constants.S_IWGRP) !== 0)
    return { verdict: lesser, reason: `is writable by its group ${octal}` };
  if ((mode & constants.S_IROTH) !== 0) return { verdict: lesser, reason: `is readable by others ${octal}` };
  return { verdict: "fine" };
}

async function modeThroughLinks(path: string): Promise<number> {
  return (await stat(path)).mode;
}

/** Only EROFS counts: whether this very process may write says nothing about the others. */
async function onWritableMount(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    (error: unknown) => !(error instanceof Error && "code" in error && error.code === "EROFS"),
  );
}
