import { createHash, randomBytes } from "node:crypto";
import { MAX_KEYS, openKeyring } from "@talos-bridge/keyring";
import { describe, expect, test } from "vitest";
import { VolatileFiles } from "./support/volatile-files.ts";

const PATH = "/keys/keyring.json";
const KEY = randomBytes(32).toString("base64");
const FORMAT = "talos-bridge keyring";

/** A file as another writer of the format may have it. */
function keyFile(content: object, checked: unknown = content): string {
  const checksum = createHash("sha256").update(JSON.stringify(checked)).digest("hex");
  return JSON.stringify({ ...content, checksum });
}

function withKeys(keys: readonly unknown[]): string {
  return keyFile({ format: FORMAT, version: 1, keys });
}

async function made(): Promise<string> {
  const files = new VolatileFiles();
  await openKeyring(PATH, { create: true, files });
  return (await files.read(PATH))?.bytes.toString() ?? "";
}
const REAL = await made();
const key = { version: 1, key: KEY };

describe("files that are read", () => {
  for (const { name, text, want = 1 } of [
    { name: "as it was written", text: REAL },
    { name: "without white space", text: JSON.stringify(JSON.parse(REAL)) },
    { name: "fields in another order", text: JSON.stringify({ checksum: null, ...JSON.parse(REAL) }) },
    { name: "two keys", text: withKeys([key, { version: 2, key: KEY }]), want: 2 },
    {
      name: "as many keys as fit",
      text: withKeys(Array.from({ length: MAX_KEYS }, (_, index) => ({ version: index + 1, key: KEY }))),
      want: MAX_KEYS,
    },
  ]) {
    test(name, async () => {
      const files = new VolatileFiles();
      files.put(PATH, Buffer.from(text));
      expect((await openKeyring(PATH, { files })).currentVersion).toBe(want);
    });
  }
});

describe("files that are refused, and not written over even with create", () => {
  const damaged = "ERR_KEYRING_DAMAGED";
  const foreign = "ERR_KEYRING_FOREIGN";
  for (const { name, text, code } of [
    { name: "empty", text: "", code: damaged },
    { name: "zeros", text: "\0".repeat(300), code: damaged },
    { name: "its first bytes", text: REAL.slice(0, 10), code: damaged },
    { name: "half", text: REAL.slice(0, REAL.length / 2), code: damaged },
    { name: "without its last brace", text: REAL.slice(0, REAL.lastIndexOf("}")), code: damaged },
    { name: "twice", text: REAL + REAL, code: damaged },
    { name: "another checksum", text: REAL.replace(/[0-9a-f]{64}/, "0".repeat(64)), code: damaged },
    { name: "no checksum", text: JSON.stringify({ format: FORMAT, version: 1, keys: [key] }), code: damaged },
    { name: "another key", text: REAL.replace(/"key": "[^"]+"/, `"key": "${KEY}"`), code: damaged },
    { name: "no keys", text: withKeys([]), code: damaged },
    { name: "a gap", text: withKeys([key, { version: 3, key: KEY }]), code: damaged },
    { name: "the second key alone", text: withKeys([{ version: 2, key: KEY }]), code: damaged },
    { name: "a short key", text: withKeys([{ version: 1, key: KEY.slice(4) }]), code: damaged },
    { name: "a key that is no base64", text: withKeys([{ version: 1, key: `${KEY}!` }]), code: damaged },
    { name: "a key with another field", text: withKeys([{ ...key, note: "" }]), code: damaged },
    { name: "a number for a key", text: withKeys([1]), code: damaged },
    {
      name: "another field",
      text: keyFile({ format: FORMAT, version: 1, keys: [key], note: "" }),
      code: damaged,
    },
    { name: "version 0", text: keyFile({ format: FORMAT, version: 0, keys: [key] }), code: damaged },
    { name: "version as text", text: keyFile({ format: FORMAT, version: "2", keys: [key] }), code: damaged },
    {
      name: "too many keys",
      text: withKeys(Array.from({ length: MAX_KEYS + 1 }, (_, index) => ({ version: index + 1, key: KEY }))),
      code: damaged,
    },
    {
      name: "a newer format",
      text: keyFile({ format: FORMAT, version: 2, sets: [] }),
      code: "ERR_KEYRING_VERSION",
    },
    { name: "another format", text: keyFile({ format: "keys", version: 1, keys: [key] }), code: foreign },
    { name: "JSON without a format", text: "{}", code: foreign },
    { name: "a JSON list", text: "[]", code: foreign },
    { name: "a JSON null", text: "null", code: foreign },
    { name: "PEM", text: "-----BEGIN PRIVATE KEY-----\n", code: foreign },
    { name: "cut JSON of somebody else", text: '{"a":', code: foreign },
    { name: "not UTF-8", text: "\ufffd\u0001", code: foreign },
  ]) {
    test(name, async () => {
      const files = new VolatileFiles();
      files.put(PATH, Buffer.from(text));
      const error = await openKeyring(PATH, { create: true, files }).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ name: "KeyringError", code, message: expect.stringContaining(PATH) });
      expect(String(error)).not.toContain(KEY.slice(0, 8));
      expect((await files.read(PATH))?.bytes.toString()).toBe(text);
      expect(files.paths).toEqual([PATH]);
    });
  }
});

test("each single changed, missing or doubled byte is noticed, or changes nothing", async () => {
  const bytes = Buffer.from(REAL);
  const opened: string[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (bytes[at] ?? 0) ^ 1;
    for (const changed of [
      flipped,
      Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]),
      Buffer.concat([bytes.subarray(0, at + 1), bytes.subarray(at)]),
    ]) {
      const files = new VolatileFiles();
      files.put(PATH, changed);
      await openKeyring(PATH, { files }).then(
        () => opened.push(JSON.stringify(JSON.parse(changed.toString()))),
        (error: unknown) => expect(error).toMatchObject({ name: "KeyringError" }),
      );
    }
  }
  // White space is nobody's key.
  expect(new Set(opened)).toEqual(new Set([JSON.stringify(JSON.parse(REAL))]));
});

test("no key is added to a full file", async () => {
  const files = new VolatileFiles();
  files.put(
    PATH,
    Buffer.from(withKeys(Array.from({ length: MAX_KEYS }, (_, index) => ({ version: index + 1, key: KEY })))),
  );
  const keyring = await openKeyring(PATH, { files });
  await expect(keyring.rotate()).rejects.toMatchObject({ code: "ERR_KEYRING_FULL" });
  expect(files.paths).toEqual([PATH]);
});
