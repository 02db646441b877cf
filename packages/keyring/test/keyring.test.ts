import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { openKeyring, systemFiles, type KeyringFiles, type Writer } from "@talos-bridge/keyring";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const NODE = "b26849ef-4fb0-4e03-a9d1-1a165a40c8d7";
const DATA = Buffer.from("0123456789abcdef0123456789abcdef");
let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keyring-"));
  path = join(folder, "keyring.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

function writer(pid: number, running: readonly number[] = []): Writer {
  return { host: "node-1", pid, id: `id-${pid}`, isRunning: (asked) => running.includes(asked) };
}

describe("opening", () => {
  test("makes a file of mode 0600 only when asked", async () => {
    await expect(openKeyring(path)).rejects.toMatchObject({ code: "ERR_KEYRING_ABSENT" });
    expect(readdirSync(folder)).toEqual([]);
    const keyring = await openKeyring(path, { create: true });
    expect(keyring.currentVersion).toBe(1);
    expect(readdirSync(folder)).toEqual(["keyring.json"]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("with create, what is there is kept", async () => {
    const sealed = (await openKeyring(path, { create: true })).seal(NODE, DATA);
    expect((await openKeyring(path, { create: true })).unseal(NODE, sealed)).toEqual(DATA);
  });

  test("two that create at once end with one keyring", async () => {
    const results = await Promise.allSettled([
      openKeyring(path, { create: true, writer: writer(1, [2]) }),
      openKeyring(path, { create: true, writer: writer(2, [1]) }),
    ]);
    const opened = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const failed = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    expect(opened.length).toBeGreaterThan(0);
    for (const error of failed) expect(error).toMatchObject({ code: "ERR_KEYRING_LOCKED" });
    const later = await openKeyring(path);
    for (const keyring of opened) expect(later.unseal(NODE, keyring.seal(NODE, DATA))).toEqual(DATA);
  });

  for (const { name, mode, want } of [
    { name: "0600", mode: 0o600, want: [] },
    { name: "0400", mode: 0o400, want: [] },
    { name: "0640", mode: 0o640, want: ["may be read by others than its owner (mode 0640)"] },
    { name: "0644", mode: 0o644, want: ["may be read by others than its owner (mode 0644)"] },
    { name: "0620", mode: 0o620, want: ["may be written by others than its owner (mode 0620)"] },
    { name: "0666", mode: 0o666, want: ["may be written by others than its owner (mode 0666)"] },
  ]) {
    test(`mode ${name}`, async () => {
      await openKeyring(path, { create: true });
      chmodSync(path, mode);
      const warnings: string[] = [];
      const keyring = await openKeyring(path, { onWarning: (warning) => warnings.push(warning) });
      await keyring.reload();
      expect(warnings).toEqual(want);
    });
  }

  test("a folder in the file's place", async () => {
    await expect(openKeyring(folder, { create: true })).rejects.toMatchObject({
      code: "ERR_KEYRING_FILE",
      cause: expect.any(Error),
    });
  });

  test("a link is followed, and stays a link when the keyring is written", async () => {
    await openKeyring(path, { create: true });
    const link = join(folder, "link");
    symlinkSync(path, link);
    const sealed = await openKeyring(link).then(async (keyring) => {
      await keyring.rotate();
      return keyring.seal(NODE, DATA);
    });
    expect((await openKeyring(path)).unseal(NODE, sealed)).toEqual(DATA);
    expect(readdirSync(folder).toSorted()).toEqual(["keyring.json", "link"]);
  });

  test("a folder on a read-only mount that cannot be synced does not matter for reading", async () => {
    const sealed = (await openKeyring(path, { create: true })).seal(NODE, DATA);
    const files: KeyringFiles = {
      ...systemFiles,
      syncFolder: () => Promise.reject(Object.assign(new Error("read-only"), { code: "EROFS" })),
    };
    expect((await openKeyring(path, { files })).unseal(NODE, sealed)).toEqual(DATA);
  });
});

describe("rotation", () => {
  test("seals with the new key, reads with all", async () => {
    const keyring = await openKeyring(path, { create: true });
    const texts = [keyring.seal(NODE, DATA)];
    for (const version of [2, 3, 4]) {
      await expect(keyring.rotate()).resolves.toBe(version);
      texts.push(keyring.seal(NODE, DATA));
    }
    expect(texts.map((text) => text.slice(0, 9))).toEqual([
      "tbk:v1:1:",
      "tbk:v1:2:",
      "tbk:v1:3:",
      "tbk:v1:4:",
    ]);
    const later = await openKeyring(path);
    for (const text of texts)
      expect([keyring.unseal(NODE, text), later.unseal(NODE, text)]).toEqual([DATA, DATA]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["keyring.json"]);
  });

  test("several at once come one after the other", async () => {
    const keyring = await openKeyring(path, { create: true });
    expect(await Promise.all([keyring.rotate(), keyring.rotate(), keyring.rotate()])).toEqual([2, 3, 4]);
  });

  test("keeps and takes up a key of another process", async () => {
    const one = await openKeyring(path, { create: true });
    const two = await openKeyring(path);
    await two.rotate();
    const sealed = two.seal(NODE, DATA);
    expect(() => one.unseal(NODE, sealed)).toThrow(expect.objectContaining({ code: "ERR_KEYRING_REFUSED" }));
    await expect(one.rotate()).resolves.toBe(3);
    expect(one.unseal(NODE, sealed)).toEqual(DATA);
  });

  test("reload takes up a key of another process", async () => {
    const one = await openKeyring(path, { create: true });
    const two = await openKeyring(path);
    await two.rotate();
    await one.reload();
    expect(one.unseal(NODE, two.seal(NODE, DATA))).toEqual(DATA);
    expect(one.currentVersion).toBe(2);
  });

  test("a reload that began before a rotation does not take the new key back", async () => {
    let release: () => void = () => undefined;
    let slow = false;
    const files: KeyringFiles = {
      ...systemFiles,
      async read(at) {
        const file = await systemFiles.read(at);
        if (slow) {
          slow = false;
          await new Promise<void>((resolve) => (release = resolve));
        }
        return file;
      },
    };
    const keyring = await openKeyring(path, { create: true, files });
    slow = true;
    const reloaded = keyring.reload();
    await keyring.rotate();
    release();
    await reloaded;
    expect(keyring.currentVersion).toBe(2);
  });

  for (const { name, change, code } of [
    { name: "removed", change: async () => rmSync(path), code: "ERR_KEYRING_ABSENT" },
    { name: "another keyring", change: remake, code: "ERR_KEYRING_CHANGED" },
    { name: "damaged", change: async () => writeFileSync(path, ""), code: "ERR_KEYRING_DAMAGED" },
  ]) {
    test(`a file that was ${name} is not replaced, and the keys stay in use`, async () => {
      const keyring = await openKeyring(path, { create: true });
      const sealed = keyring.seal(NODE, DATA);
      await change();
      const before = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
      await expect(keyring.rotate()).rejects.toMatchObject({ code });
      await expect(keyring.reload()).rejects.toMatchObject({ code });
      expect(readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"))).toEqual(before);
      expect(keyring.unseal(NODE, sealed)).toEqual(DATA);
    });
  }

  test("an older file, put back, is not written on", async () => {
    const keyring = await openKeyring(path, { create: true });
    const old = readFileSync(path);
    await keyring.rotate();
    writeFileSync(path, old);
    await expect(keyring.rotate()).rejects.toMatchObject({ code: "ERR_KEYRING_CHANGED" });
    expect(readFileSync(path)).toEqual(old);
  });
});

describe("two processes that write", () => {
  async function withLock(owner: object | string): Promise<void> {
    await openKeyring(path, { create: true });
    writeFileSync(`${path}.lock`, typeof owner === "string" ? owner : JSON.stringify(owner));
  }

  for (const { name, owner } of [
    { name: "that runs", owner: { host: "node-1", pid: 7, id: "a" } },
    { name: "on another host, of which nothing is known", owner: { host: "node-2", pid: 8, id: "a" } },
    { name: "of somebody else's making", owner: "pid 7" },
    { name: "of another form", owner: { pid: 8 } },
    { name: "that is null", owner: "null" },
  ]) {
    test(`a lock ${name} stands`, async () => {
      await withLock(owner);
      const before = readFileSync(path);
      const keyring = await openKeyring(path, { writer: writer(1, [7]) });
      await expect(keyring.rotate()).rejects.toMatchObject({
        code: "ERR_KEYRING_LOCKED",
        message: expect.stringContaining(`${path}.lock`),
      });
      expect(readFileSync(path)).toEqual(before);
      expect(readdirSync(folder).toSorted()).toEqual(["keyring.json", "keyring.json.lock"]);
      expect(keyring.currentVersion).toBe(1);
    });
  }

  for (const { name, owner } of [
    { name: "a process that ended", owner: { host: "node-1", pid: 8, id: "a" } },
    { name: "an earlier process with this one's number", owner: { host: "node-1", pid: 1, id: "a" } },
  ]) {
    test(`the lock of ${name} is taken over`, async () => {
      await withLock(owner);
      const keyring = await openKeyring(path, { writer: writer(1, [7]) });
      await expect(keyring.rotate()).resolves.toBe(2);
      expect(readdirSync(folder)).toEqual(["keyring.json"]);
    });
  }

  test("a keyring opened twice in one process", async () => {
    const two = await openKeyring(path, { create: true });
    const outcomes: unknown[] = [];
    const files: KeyringFiles = {
      ...systemFiles,
      async create(at, bytes) {
        await systemFiles.create(at, bytes);
        if (at.endsWith(".new")) outcomes.push(await two.rotate().catch((error: unknown) => error));
      },
    };
    const one = await openKeyring(path, { files });
    await expect(one.rotate()).resolves.toBe(2);
    expect(outcomes).toMatchObject([{ code: "ERR_KEYRING_LOCKED" }]);
    await expect(two.rotate()).resolves.toBe(3);
  });

  test("a lock that another took while an ended one's was being cleared is put back", async () => {
    await withLock({ host: "node-1", pid: 8, id: "a" });
    const taken = JSON.stringify({ host: "node-1", pid: 7, id: "b" });
    const files: KeyringFiles = {
      ...systemFiles,
      async rename(from, to) {
        if (from.endsWith(".lock")) writeFileSync(from, taken);
        await systemFiles.rename(from, to);
      },
    };
    const keyring = await openKeyring(path, { files, writer: writer(1, [7]) });
    await expect(keyring.rotate()).rejects.toMatchObject({ code: "ERR_KEYRING_LOCKED" });
    expect(readFileSync(`${path}.lock`, "utf8")).toBe(taken);
    expect(readdirSync(folder).toSorted()).toEqual(["keyring.json", "keyring.json.lock"]);
  });

  test("one whose lock was taken over while it wrote does not replace the file", async () => {
    await openKeyring(path, { create: true });
    const before = readFileSync(path);
    const files: KeyringFiles = {
      ...systemFiles,
      async create(at, bytes) {
        await systemFiles.create(at, bytes);
        if (at.endsWith(".new"))
          writeFileSync(`${path}.lock`, JSON.stringify({ host: "node-1", pid: 2, id: "b" }));
      },
    };
    const keyring = await openKeyring(path, { files, writer: writer(1) });
    await expect(keyring.rotate()).rejects.toMatchObject({ code: "ERR_KEYRING_LOCKED" });
    expect(readFileSync(path)).toEqual(before);
  });
});

test("no key shows in what is printed of a keyring", async () => {
  const keyring = await openKeyring(path, { create: true });
  const [, key = "none"] = /"key": "([^"]+)"/.exec(readFileSync(path, "utf8")) ?? [];
  const hex = Buffer.from(key, "base64").toString("hex").slice(0, 8);
  const printed = inspect(keyring, { depth: 9, showHidden: true, getters: true }) + JSON.stringify(keyring);
  expect(printed).not.toContain(key);
  expect(printed).not.toContain(hex);
});

async function remake(): Promise<void> {
  rmSync(path);
  await openKeyring(path, { create: true });
}
