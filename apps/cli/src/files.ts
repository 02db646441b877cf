import { randomBytes } from "node:crypto";
import { chmod, link, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CliError } from "./cli-error.ts";
import type { World } from "./world.ts";

const MAX_INPUT_BYTES = 4 * 1024 * 1024;

/** A file's bytes; `-` is standard input. Throws TB1002. */
export async function readInput(world: World, path: string): Promise<Uint8Array> {
  if (path === "-") return world.readStdin();
  try {
    const { size } = await stat(path);
    if (size > MAX_INPUT_BYTES) throw new Error(`is larger than ${MAX_INPUT_BYTES} bytes`);
    return await readFile(path);
  } catch (cause) {
    throw new CliError("TB1002", `${path} can't be read: ${reason(cause)}`, { cause });
  }
}

export async function readText(world: World, path: string): Promise<string> {
  return new TextDecoder().decode(await readInput(world, path));
}

export interface WriteOptions {
  /** Replace a file that is there. */
  readonly force: boolean;
  /** 0600 if not given: most of what is written here holds a key. */
  readonly mode?: number;
}

/**
 * Writes a file whole or not at all; `-` is standard output. Throws TB1003 where it is there already and `force` is not given,
 * TB1004 where it can't be written.
 */
export async function writeOutput(
  world: World,
  path: string,
  content: string,
  { force, mode = 0o600 }: WriteOptions,
): Promise<void> {
  if (path === "-") {
    world.stdout.write(content);
    return;
  }
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(draft, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(draft, mode); // whatever the umask is
    await (force ? rename(draft, path) : linkNew(draft, path));
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError("TB1004", `${path} can't be written: ${reason(cause)}`, { cause });
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

/** A link fails where there is a file; a rename would replace it. */
async function linkNew(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause;
    throw new CliError("TB1003", `${path} is there already`, { cause, fix: "--force replaces it" });
  }
}

/** The system's code, or the message of our own. Never the system's message: it repeats the path. */
export function reason(cause: unknown): string {
  return codeOf(cause) ?? (cause instanceof Error ? cause.message : "unknown error");
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}
