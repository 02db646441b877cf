import { KeyringError, openKeyring, type Writer } from "@talos-bridge/keyring";
import { describe, expect, test } from "vitest";
import { Crash, VolatileFiles } from "./support/volatile-files.ts";

const PATH = "/keys/keyring.json";
const NODE = "b26849ef-4fb0-4e03-a9d1-1a165a40c8d7";

/** Processes that have all ended when the next one starts. */
function writer(pid: number): Writer {
  return { host: "node-1", pid, id: `id-${pid}`, isRunning: () => false };
}

/** Texts that a caller was given, and the data in them. */
type Sealed = Map<string, string>;

/** A life of a keyring: made, used, rotated twice. What it has sealed when it crashes is in `sealed`. */
async function live(files: VolatileFiles, pid: number, sealed: Sealed): Promise<void> {
  const keyring = await openKeyring(PATH, { create: true, files, writer: writer(pid) });
  const note = (): void => {
    const data = `${pid}/${keyring.currentVersion}`;
    sealed.set(keyring.seal(NODE, Buffer.from(data)), data);
  };
  note();
  await keyring.rotate();
  note();
  await keyring.rotate();
  note();
}

async function expectAllReadable(files: VolatileFiles, sealed: Sealed): Promise<void> {
  const keyring = await openKeyring(PATH, { create: sealed.size === 0, files, writer: writer(9) });
  for (const [text, data] of sealed) expect(keyring.unseal(NODE, text).toString()).toBe(data);
}

const whole = new VolatileFiles();
await live(whole, 1, new Map());

test("a life that does not crash leaves the keyring alone behind", () => {
  expect(whole.paths).toEqual([PATH]);
  expect(whole.steps).toBeGreaterThan(40);
});

describe("no key is lost by a crash before any step of a write", () => {
  for (let step = 0; step < whole.steps; step++) {
    test(`step ${step}`, async () => {
      const files = new VolatileFiles(step);
      const sealed: Sealed = new Map();
      await expect(live(files, 1, sealed)).rejects.toSatisfy(
        (error) => error instanceof Crash || (error instanceof KeyringError && error.cause instanceof Crash),
      );

      for (let kept = 0; kept < files.outcomes; kept++) {
        await expectAllReadable(files.afterPowerCut(kept), sealed);
      }
      // The process alone ended. The next one seals with what it finds, and then the power is cut.
      const found = files.afterProcessCrash();
      const more: Sealed = new Map(sealed);
      const keyring = await openKeyring(PATH, { create: true, files: found, writer: writer(3) });
      more.set(keyring.seal(NODE, Buffer.from("one")), "one");
      for (let kept = 0; kept < found.outcomes; kept++) {
        await expectAllReadable(found.afterPowerCut(kept), more);
      }
      // Or it goes on with what it finds, as if nothing had been, and then the power is cut.
      const next = files.afterProcessCrash();
      const both: Sealed = new Map(sealed);
      await live(next, 2, both);
      expect(both.size).toBe(sealed.size + 3);
      for (let kept = 0; kept < next.outcomes; kept++) {
        await expectAllReadable(next.afterPowerCut(kept), both);
      }
      expect(next.paths.filter((path) => path !== PATH && !path.includes(".lock."))).toEqual([]);
    });
  }
});

test("a failed write changes nothing, for this process and for the file", async () => {
  const files = new VolatileFiles();
  const keyring = await openKeyring(PATH, { create: true, files, writer: writer(1) });
  const full = new Proxy(files, {
    get: (target, key) =>
      key === "create"
        ? () => Promise.reject(Object.assign(new Error("no space"), { code: "ENOSPC" }))
        : Reflect.get(target, key, target).bind?.(target),
  });
  const limited = await openKeyring(PATH, { files: full, writer: writer(2) });
  await expect(limited.rotate()).rejects.toMatchObject({ code: "ERR_KEYRING_FILE" });
  expect(limited.currentVersion).toBe(1);
  await expect(keyring.rotate()).resolves.toBe(2);
});
