import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CliError } from "../cli-error.ts";
import { reason } from "../files.ts";

/** The process that works on a rotation. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
}

/**
 * Does the work while a lock file in the folder names this process. The lock of a process of this host that has ended is taken
 * over. Throws TB1102 where another one holds it, TB1004 where the folder can't be written.
 */
export async function withRotationLock<T>(
  dir: string,
  me: Owner & { readonly isRunning: (pid: number) => boolean },
  work: () => Promise<T>,
): Promise<T> {
  const lock = join(dir, "rotation.lock");
  const id = randomUUID();
  const mine = JSON.stringify({ host: me.host, pid: me.pid, id });
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    if (!(await take())) {
      await clearEnded();
      if (!(await take())) throw held("another process");
    }
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError("TB1004", `${lock} can't be written: ${reason(cause)}`, { cause });
  }
  try {
    return await work();
  } finally {
    if ((await read(lock)) === mine) await rm(lock, { force: true });
  }

  /** Linked into place, so that nobody reads half a lock. */
  async function take(): Promise<boolean> {
    const draft = `${lock}.${id}`;
    await writeFile(draft, mine, { mode: 0o600 });
    try {
      await link(draft, lock);
      return true;
    } catch (cause) {
      if (reason(cause) !== "EEXIST") throw cause;
      return false;
    } finally {
      await rm(draft, { force: true });
    }
  }

  async function clearEnded(): Promise<void> {
    const found = await read(lock);
    if (found === undefined) return; // released meanwhile
    const owner = readOwner(found);
    if (owner === undefined) throw held("something else");
    if (owner.host !== me.host || me.isRunning(owner.pid))
      throw held(`process ${owner.pid} on ${owner.host}`);
    // Moved before it is removed: what is moved can be looked at, and a lock that someone took meanwhile put back.
    const aside = `${lock}.${id}.ended`;
    await rename(lock, aside).catch(() => undefined);
    const moved = await read(aside);
    if (moved !== undefined && moved !== found) await link(aside, lock).catch(() => undefined);
    await rm(aside, { force: true });
  }

  function held(by: string): CliError {
    return new CliError("TB1102", `${lock} is held by ${by}`);
  }
}

async function read(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}

function readOwner(text: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const { host, pid } = { host: undefined, pid: undefined, ...value };
    return typeof host === "string" && typeof pid === "number" ? { host, pid } : undefined;
  } catch {
    return undefined;
  }
}
