import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  readFiles,
  watchFiles,
  type FileContents,
  type FileWatch,
  type WatchFilesOptions,
} from "@talos-bridge/grpc-server";
import { afterEach, describe, expect, test } from "vitest";

const CRT = "/tls/tls.crt";
const KEY = "/tls/tls.key";
const TOKEN = "/ca/token";

/** Files in memory, a clock that is moved by hand, and a record of what was told. */
class World {
  now = 0;
  readonly files = new Map<string, string | Error>();
  readonly told: [contents: Record<string, string | undefined>, changed: string[]][] = [];
  readonly errors: string[] = [];
  readonly watched = new Map<string, { event: () => void; fail: (error: unknown) => void }>();
  watchCalls = 0;
  openWatches = 0;
  reading: Promise<void> = Promise.resolve();
  unwatchable = new Set<string>();
  reads = 0;
  onChange: WatchFilesOptions["onChange"] = () => undefined;
  onError = (): void => undefined;
  #timers = new Set<{ at: number; run: () => void }>();

  watch(seen: Record<string, string> = Object.fromEntries(this.#texts())): FileWatch {
    return watchFiles({
      files: [CRT, KEY, TOKEN],
      seen: new Map(Object.entries(seen).map(([path, text]) => [path, Buffer.from(text)])),
      onChange: (contents, changed) => {
        const texts = [...contents].map(([path, bytes]) => [path, bytes?.toString()] as const);
        this.told.push([Object.fromEntries(texts), [...changed]]);
        return this.onChange(contents, changed);
      },
      onError: (path, error) =>
        void this.errors.push(`${path}: ${error instanceof Error ? error.message : "?"}`),
      timers: { now: () => this.now, schedule: (ms, run) => this.#schedule(ms, run) },
      read: async (path) => {
        this.reads++;
        await this.reading;
        const file = this.files.get(path);
        if (file instanceof Error) throw file;
        return file === undefined ? undefined : Buffer.from(file);
      },
      watchDirectory: (directory, event, fail) => {
        this.watchCalls++;
        if (this.unwatchable.has(directory)) throw new Error("no watch");
        const entry = { event, fail };
        this.watched.set(directory, entry);
        this.openWatches++;
        return () => {
          this.openWatches--;
          if (this.watched.get(directory) === entry) this.watched.delete(directory);
        };
      },
    });
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** Moves the clock, runs what is due, and lets the looks that it started come to their end. */
  async advance(ms: number): Promise<void> {
    this.now += ms;
    for (const timer of this.#timers) {
      if (timer.at > this.now) continue;
      this.#timers.delete(timer);
      timer.run();
    }
    await settled();
  }

  #schedule(ms: number, run: () => void): () => void {
    const timer = { at: this.now + ms, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  #texts(): [string, string][] {
    return [...this.files].flatMap(([path, file]) => (typeof file === "string" ? [[path, file]] : []));
  }
}

/** One turn of the event loop: all promises that wait for nothing else are through. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function world(
  files: Record<string, string | Error> = { [CRT]: "crt1", [KEY]: "key1", [TOKEN]: "token1" },
): World {
  const made = new World();
  for (const [path, text] of Object.entries(files)) made.files.set(path, text);
  return made;
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

describe("what is a change", () => {
  test("nothing, as long as the contents are those seen", async () => {
    const w = world();
    w.watch();
    await w.advance(0);
    w.watched.get("/tls")?.event();
    await w.advance(200);
    await w.advance(30_000);
    expect(w.reads).toBe(9);
    expect(w.told).toEqual([]);
  });

  test("what happened between the caller's reading and the start", async () => {
    const w = world();
    w.watch({ [CRT]: "crt0", [KEY]: "key1", [TOKEN]: "token1" });
    await w.advance(0);
    expect(w.told).toEqual([[{ [CRT]: "crt1", [KEY]: "key1", [TOKEN]: "token1" }, [CRT]]]);
  });

  test("all contents are told, and which of them changed", async () => {
    const w = world();
    w.watch();
    await w.advance(0);
    w.files.set(CRT, "crt2").set(KEY, "key2");
    w.watched.get("/tls")?.event();
    await w.advance(200);
    expect(w.told).toEqual([[{ [CRT]: "crt2", [KEY]: "key2", [TOKEN]: "token1" }, [CRT, KEY]]]);
  });

  test("row 42: a half-written file, and then the rest of it", async () => {
    const w = world();
    w.watch();
    await w.advance(0);
    w.files.set(KEY, "ke");
    w.watched.get("/tls")?.event();
    await w.advance(200);
    w.files.set(KEY, "key2");
    w.watched.get("/tls")?.event();
    await w.advance(200);
    expect(w.told.map(([contents]) => contents[KEY])).toEqual(["ke", "key2"]);
  });

  test("a file that goes, comes, turns empty", async () => {
    const w = world();
    const watch = w.watch();
    for (const text of [undefined, "", "token1"]) {
      if (text === undefined) w.files.delete(TOKEN);
      else w.files.set(TOKEN, text);
      await watch.check();
    }
    expect(w.told.map(([contents, changed]) => [contents[TOKEN], changed])).toEqual([
      [undefined, [TOKEN]],
      ["", [TOKEN]],
      ["token1", [TOKEN]],
    ]);
    expect(w.errors).toEqual([]);
  });

  test("a file that turns unreadable is told once, with its error", async () => {
    const w = world();
    const watch = w.watch();
    await watch.check();
    w.files.set(KEY, new Error("EACCES"));
    await watch.check();
    await watch.check();
    await w.advance(30_000);
    expect(w.told.map(([contents, changed]) => [contents[KEY], changed])).toEqual([[undefined, [KEY]]]);
    expect(w.errors).toEqual([`${KEY}: EACCES`]);
  });
});

describe("when it looks", () => {
  test("events of one change are taken together, 200 ms after the first", async () => {
    const w = world();
    w.watch();
    await w.advance(0);
    w.files.set(CRT, "crt2");
    w.watched.get("/tls")?.event();
    await w.advance(100);
    w.files.set(KEY, "key2");
    w.watched.get("/tls")?.event();
    await w.advance(99);
    expect(w.told).toEqual([]);
    await w.advance(1);
    expect(w.told.map(([, changed]) => changed)).toEqual([[CRT, KEY]]);
    await w.advance(1_000);
    expect(w.reads).toBe(6);
  });

  test("a directory that never rests does not hold a change up", async () => {
    const w = world();
    w.watch();
    await w.advance(0);
    w.files.set(CRT, "crt2");
    for (let step = 0; step < 20; step++) {
      w.watched.get("/tls")?.event();
      await w.advance(50);
    }
    expect(w.told).toHaveLength(1);
    expect(w.reads).toBeLessThanOrEqual(3 * 6);
  });

  test("every 30 s without any event", async () => {
    const w = world();
    w.watch();
    await w.advance(0);
    w.files.set(TOKEN, "token2");
    await w.advance(29_999);
    expect(w.told).toEqual([]);
    await w.advance(1);
    expect(w.told.map(([, changed]) => changed)).toEqual([[TOKEN]]);
    w.files.set(TOKEN, "token3");
    await w.advance(30_000);
    expect(w.told).toHaveLength(2);
  });

  test("directories are watched once each, and anew at each poll", async () => {
    const w = world();
    w.watch();
    await w.advance(0);
    expect([...w.watched.keys()]).toEqual(["/tls", "/ca"]);
    expect(w.watchCalls).toBe(2);
    await w.advance(30_000);
    expect(w.watchCalls).toBe(4);
    expect(w.openWatches).toBe(2);
  });

  test("a directory that cannot be watched is told once and polled, and watched once it can be", async () => {
    const w = world();
    w.unwatchable.add("/ca");
    w.watch();
    await w.advance(0);
    w.files.set(TOKEN, "token2");
    await w.advance(30_000);
    expect(w.told).toHaveLength(1);
    expect(w.errors).toEqual(["/ca: no watch"]);
    w.unwatchable.clear();
    await w.advance(30_000);
    w.files.set(TOKEN, "token3");
    w.watched.get("/ca")?.event();
    await w.advance(200);
    expect(w.told).toHaveLength(2);
  });

  test("a watch that breaks is told, and made again at the next poll", async () => {
    const w = world();
    w.watch();
    await w.advance(0);
    w.watched.get("/tls")?.fail(new Error("EMFILE"));
    w.watched.get("/tls")?.fail(new Error("EMFILE"));
    expect(w.errors).toEqual(["/tls: EMFILE"]);
    await w.advance(30_000);
    expect(w.watchCalls).toBe(4);
  });
});

describe("the caller's turn", () => {
  test("changes are told one after the other", async () => {
    const w = world();
    const watch = w.watch();
    await watch.check();
    const gate = Promise.withResolvers<void>();
    w.onChange = () => gate.promise;
    w.files.set(TOKEN, "token2");
    const first = watch.check();
    await settled();
    w.files.set(TOKEN, "token3");
    const second = watch.check();
    await w.advance(60_000);
    expect(w.told).toHaveLength(1);
    gate.resolve();
    await Promise.all([first, second]);
    expect(w.told.map(([contents]) => contents[TOKEN])).toEqual(["token2", "token3"]);
  });

  for (const { name, fail } of [
    {
      name: "throws",
      fail: (): never => {
        throw new Error("bug");
      },
    },
    { name: "rejects", fail: () => Promise.reject(new Error("bug")) },
  ]) {
    test(`an onChange that ${name} ends nothing`, async () => {
      const w = world();
      const watch = w.watch();
      w.onChange = fail;
      w.files.set(TOKEN, "token2");
      await watch.check();
      expect(w.errors).toEqual([`${TOKEN}: bug`]);
      w.files.set(TOKEN, "token3");
      await w.advance(30_000);
      expect(w.told).toHaveLength(2);
    });
  }
});

test("an onError that throws ends nothing", async () => {
  const w = world();
  w.unwatchable.add("/ca");
  const watch = w.watch();
  w.onError = () => {
    throw new Error("bug");
  };
  w.files.set(KEY, new Error("EACCES"));
  await watch.check();
  w.files.set(KEY, "key2");
  await w.advance(30_000);
  expect(w.told).toHaveLength(2);
});

describe("stop", () => {
  test("ends watches and timers", async () => {
    const w = world();
    const watch = w.watch();
    await w.advance(0);
    w.watched.get("/tls")?.event();
    expect(w.pending).toBe(2);
    watch.stop();
    expect([w.pending, w.watched.size]).toEqual([0, 0]);
    w.files.set(TOKEN, "token2");
    await watch.check();
    expect(w.told).toEqual([]);
  });

  test("while it reads: nothing is told, no timer is left", async () => {
    const w = world();
    const gate = Promise.withResolvers<void>();
    w.reading = gate.promise;
    const watch = w.watch({});
    await settled();
    expect(w.reads).toBe(3);
    watch.stop();
    gate.resolve();
    await w.advance(0);
    await w.advance(30_000);
    expect([w.told.length, w.pending, w.watched.size]).toEqual([0, 0, 0]);
  });
});

describe("row 42: on a real file system, by events alone", () => {
  async function start(
    names: readonly string[],
  ): Promise<{ folder: string; next: () => Promise<FileContents> }> {
    const folder = await mkdtemp(join(tmpdir(), "watch-files-"));
    await mkdir(join(folder, "..v1"));
    await writeFile(join(folder, "..v1", "tls.crt"), "crt1");
    await writeFile(join(folder, "..v1", "tls.key"), "key1");
    await symlink("..v1", join(folder, "..data"));
    await symlink("..data/tls.crt", join(folder, "tls.crt"));
    await symlink("..data/tls.key", join(folder, "tls.key"));
    await writeFile(join(folder, "token"), "token1");

    const files = names.map((name) => join(folder, name));
    const changes: FileContents[] = [];
    let wake = (): void => undefined;
    const fail = (path: string, error: unknown): never => {
      throw new Error(path, { cause: error });
    };
    const watch = watchFiles({
      files,
      seen: await readFiles(files, fail),
      onChange(contents) {
        changes.push(contents);
        wake();
      },
      onError: fail,
      debounceMs: 20,
      pollMs: 3_600_000,
    });
    stops.push(() => {
      watch.stop();
      return rm(folder, { recursive: true });
    });
    await watch.check();
    return {
      folder,
      async next() {
        while (changes.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        return changes.splice(0).at(-1) ?? new Map();
      },
    };
  }

  test("a Kubernetes volume's `..data` link is swapped", async () => {
    const { folder, next } = await start(["tls.crt", "tls.key"]);
    await mkdir(join(folder, "..v2"));
    await writeFile(join(folder, "..v2", "tls.crt"), "crt2");
    await writeFile(join(folder, "..v2", "tls.key"), "key2");
    await symlink("..v2", join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
    await rm(join(folder, "..v1"), { recursive: true });
    const contents = await next();
    expect([...contents.values()].map(String)).toEqual(["crt2", "key2"]);
  });

  test("a file is renamed over another", async () => {
    const { folder, next } = await start(["token"]);
    await writeFile(join(folder, "token.new"), "token2");
    await rename(join(folder, "token.new"), join(folder, "token"));
    expect(String((await next()).get(join(folder, "token")))).toBe("token2");
  });

  test("a file is written in place", async () => {
    const { folder, next } = await start(["token"]);
    await writeFile(join(folder, "token"), "token2");
    let text: string | undefined;
    // The write is two events, and a look may fall between them.
    while (text !== "token2") text = String((await next()).get(join(folder, "token")));
    expect(text).toBe("token2");
  });

  test("a file that was not there appears, and goes again", async () => {
    const { folder, next } = await start(["later"]);
    const path = join(folder, "later");
    await rename(join(folder, "token"), path);
    expect(String((await next()).get(path))).toBe("token1");
    await rm(path);
    expect((await next()).get(path)).toBeUndefined();
  });
});
