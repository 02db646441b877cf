import { KeyringError } from "./errors.ts";
import { hasCode, type KeyringFiles } from "./files.ts";

/** Who writes. `id` is random and tells a process from an earlier one with the same number. */
export interface Writer {
  readonly host: string;
  readonly pid: number;
  readonly id: string;
  /** Whether a process with that number runs on this host. */
  readonly isRunning: (pid: number) => boolean;
}

/** Ids under which this process writes: its number alone may be that of a process that ended. */
const writing = new Set<string>();

/**
 * Runs `write` while a lock file `PATH.lock` names this process, so that two processes never both replace the keyring, one
 * of them dropping the other's key. The lock of a writer that has ended is taken over: same host, and no process has its
 * number any more, or this one has it now, as after a container's restart. `stillMine` is to be awaited just before the
 * replacement.
 *
 * @throws KeyringError `ERR_KEYRING_LOCKED`, naming the file
 */
export async function withWriteLock<T>(
  path: string,
  files: KeyringFiles,
  me: Writer,
  write: (stillMine: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const lock = `${path}.lock`;
  const text = JSON.stringify({ host: me.host, pid: me.pid, id: me.id });
  if (!(await take())) {
    await clearEnded();
    if (!(await take())) throw locked("is held by another process");
  }
  writing.add(me.id);
  try {
    return await write(async () => {
      if ((await read(lock)) !== text) throw locked("was taken over by another process");
    });
  } finally {
    writing.delete(me.id);
    if ((await read(lock)) === text) await files.remove(lock);
  }

  /** Linked into place, so that nobody ever reads half a lock. */
  async function take(): Promise<boolean> {
    const draft = `${lock}.${me.id}`;
    await files.remove(draft);
    await files.create(draft, Buffer.from(text));
    try {
      await files.link(draft, lock);
      return true;
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
      return false;
    } finally {
      await files.remove(draft);
    }
  }

  async function clearEnded(): Promise<void> {
    const found = await read(lock);
    if (found === undefined) return; // released meanwhile
    const owner = readOwner(found);
    if (owner === undefined) throw locked("is no lock of this program");
    const runs = owner.pid === me.pid ? writing.has(owner.id) : me.isRunning(owner.pid);
    if (owner.host !== me.host || runs) {
      throw locked(`is held by process ${owner.pid} on ${JSON.stringify(owner.host)}`);
    }
    // Moved before it is removed: what is moved can be looked at, and a lock that someone took meanwhile put back.
    const aside = `${lock}.${me.id}.ended`;
    await files.rename(lock, aside).catch((error: unknown) => {
      if (!hasCode(error, "ENOENT")) throw error;
    });
    const moved = await read(aside);
    if (moved !== undefined && moved !== found) await files.link(aside, lock).catch(() => undefined);
    await files.remove(aside);
  }

  async function read(at: string): Promise<string | undefined> {
    return (await files.read(at))?.bytes.toString("utf8");
  }

  function locked(what: string): KeyringError {
    return new KeyringError("ERR_KEYRING_LOCKED", `${lock} ${what}; remove it if no process is writing`);
  }
}

function readOwner(text: string): Omit<Writer, "isRunning"> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const { host, pid, id } = { host: null, pid: null, id: null, ...value };
    if (typeof host !== "string" || typeof pid !== "number" || typeof id !== "string") return undefined;
    return { host, pid, id };
  } catch {
    return undefined;
  }
}
