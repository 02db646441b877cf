import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { link, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CliError } from "./cli-error.ts";
import type { World } from "./world.ts";

export const MAX_INPUT_BYTES = 4 * 1024 * 1024;

/** A file's bytes; `-` is standard input. Throws TB1002, and for standard input that comes a second time TB1001. */
export async function readInput(world: World, path: string): Promise<Uint8Array> {
  try {
    const bytes = path === "-" ? await world.readStdin() : await readBytes(path);
    if (bytes.length <= MAX_INPUT_BYTES) return bytes;
    throw new Error(`larger than ${MAX_INPUT_BYTES} bytes`);
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError("TB1002", `${shownPath(path)} can't be read: ${reason(cause)}`, { cause });
  }
}

/** Of a file that is too large one byte more than is accepted. A device says nothing of its size, and may have no end. */
async function readBytes(path: string): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path, { end: MAX_INPUT_BYTES })) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** A path as it is told of. */
export function shownPath(path: string): string {
  return path === "-" ? "standard input" : path;
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
 * TB1004 where it can't be written, and for a device or a folder: these are never replaced.
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
    if (await isNoFile(path)) throw new Error("it is no regular file (- is standard output)");
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(draft, "wx", mode);
    try {
      await file.chmod(mode); // whatever the umask is
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await (force ? rename(draft, path) : linkNew(draft, path));
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError("TB1004", `${path} can't be written: ${reason(cause)}`, { cause });
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

/** Something is there that holds no content of its own: `/dev/stdout`, `/dev/null`, a folder. */
async function isNoFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => !found.isFile(),
    () => false,
  );
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
