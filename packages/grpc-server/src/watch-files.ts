import { hash } from "node:crypto";
import { watch } from "node:fs";
import { dirname } from "node:path";
import { readFiles, type FileContents } from "./read-file.ts";
import { systemTimers, type Timers } from "./timers.ts";

export interface WatchFilesOptions {
  readonly files: readonly string[];
  /** What the caller has read and taken already: only what differs from it is a change. */
  readonly seen: FileContents;
  /**
   * Told after a change, with the contents of all files and the paths of those that changed. Nothing else is read or
   * told until its promise settles. It validates: content may be half-written, or of two files one new and one old,
   * and then it keeps what it has; the rest of the change comes as a change of its own.
   */
  readonly onChange: (contents: FileContents, changed: ReadonlySet<string>) => void | Promise<void>;
  /** Told once about a file that is there and turns unreadable, a directory that cannot be watched, a failing onChange. */
  readonly onError: (path: string, error: unknown) => void;
  /** Time in which the events of one change are taken together. 200 if not given. */
  readonly debounceMs?: number;
  /** Time between looks without an event, for file systems that send none. 30,000 if not given. */
  readonly pollMs?: number;
  readonly timers?: Timers;
  /** A file's bytes, undefined where it is not there; may throw. */
  readonly read?: (path: string) => Promise<Buffer | undefined>;
  /** Calls back on each event in a directory; the answer ends it. May throw, as where there is no such directory. */
  readonly watchDirectory?: (
    directory: string,
    onEvent: () => void,
    onError: (error: unknown) => void,
  ) => () => void;
}

export interface FileWatch {
  /** Looks now; settles once a change that it found has been dealt with. Never rejects. */
  check(): Promise<void>;
  stop(): void;
}

/**
 * Watches files by their directories, as a Kubernetes volume changes: there each file is a link through `..data`, which
 * is replaced as a whole, and a watch on the file itself would go on watching the old one. What counts is the hash of
 * the content, looked at after each event, at the start, and every 30 s. Never throws; timers and watches do not keep
 * the process alive.
 */
export function watchFiles(options: WatchFilesOptions): FileWatch {
  const { files, onChange, onError, debounceMs = 200, pollMs = 30_000, timers = systemTimers } = options;
  const { read, watchDirectory = watchEvents } = options;
  const tell = (path: string, error: unknown): void => {
    try {
      onError(path, error);
    } catch {
      // Nobody is left to be told, and the watch must go on.
    }
  };
  const directories = [...new Set(files.map((path) => dirname(path)))];
  const unwatchable = new Set<string>();
  let fingerprints = fingerprintsOf(options.seen, new Map());
  let unwatch: (() => void)[] = [];
  let cancelPoll: (() => void) | undefined;
  let cancelSoon: (() => void) | undefined;
  let soon = false;
  let stopped = false;
  let last = Promise.resolve();

  function check(): Promise<void> {
    last = last.then(look);
    return last;
  }

  async function look(): Promise<void> {
    soon = false;
    if (stopped) return;
    const errors = new Map<string, unknown>();
    const contents = await readFiles(files, (path, error) => errors.set(path, error), read);
    const next = fingerprintsOf(contents, errors);
    const changed = new Set(files.filter((path) => next.get(path) !== fingerprints.get(path)));
    if (stopped || changed.size === 0) return;
    fingerprints = next;
    for (const [path, error] of errors) if (changed.has(path)) tell(path, error);
    try {
      await onChange(contents, changed);
    } catch (error) {
      tell([...changed].join(", "), error);
    }
  }

  /** Not pushed back by further events: a directory that never rests must not hold a change up. */
  function lookSoon(): void {
    if (soon || stopped) return;
    soon = true;
    cancelSoon = timers.schedule(debounceMs, () => void check());
  }

  /** Anew before each poll: a watch on a directory that was removed and made again is dead, and nothing tells. */
  function rewatch(): void {
    for (const end of unwatch) end();
    unwatch = directories.flatMap((directory) => {
      const failed = (error: unknown): void => {
        if (!unwatchable.has(directory)) tell(directory, error);
        unwatchable.add(directory);
      };
      try {
        const end = watchDirectory(directory, lookSoon, failed);
        unwatchable.delete(directory);
        return [end];
      } catch (error) {
        failed(error);
        return [];
      }
    });
  }

  async function poll(): Promise<void> {
    rewatch();
    await check();
    if (!stopped) cancelPoll = timers.schedule(pollMs, () => void poll());
  }

  void poll();
  return {
    check,
    stop() {
      stopped = true;
      cancelPoll?.();
      cancelSoon?.();
      for (const end of unwatch) end();
      unwatch = [];
    },
  };
}

/** Hashes, so that no second copy of a key stays in memory; a file that cannot be read differs from one not there. */
function fingerprintsOf(
  contents: FileContents,
  errors: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, string> {
  return new Map(
    [...contents].map(([path, bytes]) => {
      if (bytes !== undefined) return [path, hash("sha256", bytes)];
      return [path, errors.has(path) ? `unreadable: ${String(errors.get(path))}` : "absent"];
    }),
  );
}

function watchEvents(directory: string, onEvent: () => void, onError: (error: unknown) => void): () => void {
  const watcher = watch(directory, { persistent: false }, onEvent);
  watcher.on("error", onError);
  return () => watcher.close();
}
