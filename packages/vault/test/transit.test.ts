import {
  checkKeyName,
  checkPath,
  createTransit,
  transitKeyVersion,
  type VaultAnswer,
  type VaultOperation,
} from "@talos-bridge/vault";
import { assert, constantFrom, oneof, property, string } from "fast-check";
import { expect, test } from "vitest";

const UUID = "0b2d9a64-3f5e-4c4b-9a57-6f1d2f3c4b5a";

test("encrypt and decrypt send base64 and give bytes and the key's version", async () => {
  const sent: VaultOperation[] = [];
  const transit = transitOf({ ciphertext: "vault:v12:AAEC", plaintext: "AAEC" }, sent);
  const bytes = new Uint8Array([0, 1, 2]);
  const given = { key: UUID, context: new Uint8Array([9]), associatedData: new Uint8Array([8]) };
  expect(await transit.encrypt({ ...given, plaintext: bytes })).toEqual({
    ciphertext: "vault:v12:AAEC",
    keyVersion: 12,
  });
  expect(await transit.decrypt({ ...given, ciphertext: "vault:v12:AAEC" })).toEqual({
    plaintext: bytes,
    keyVersion: 12,
  });
  const extra = { context: "CQ==", associated_data: "CA==" };
  expect(sent.map(({ path, body }) => ({ path, body }))).toEqual([
    { path: `a/transit/encrypt/${UUID}`, body: { plaintext: "AAEC", ...extra } },
    { path: `a/transit/decrypt/${UUID}`, body: { ciphertext: "vault:v12:AAEC", ...extra } },
  ]);
});

for (const { name, input } of [
  { name: "no field", input: {} },
  { name: "no text", input: { ciphertext: 7, plaintext: 7 } },
  { name: "another scheme", input: { ciphertext: "tbk:v1:AAAA", plaintext: "!" } },
  { name: "version 0", input: { ciphertext: "vault:v0:AAAA", plaintext: "AA=" } },
  { name: "a second line", input: { ciphertext: "vault:v1:AAAA\n", plaintext: "AA==\n" } },
  { name: "base64 that Node would skip over", input: { ciphertext: "vault:v1:A A", plaintext: "AA==AA==" } },
]) {
  test(`an answer with ${name} is a bad response`, async () => {
    const transit = transitOf(input);
    const want = { code: "ERR_VAULT_BAD_RESPONSE" };
    await expect(transit.encrypt({ key: UUID, plaintext: new Uint8Array(1) })).rejects.toMatchObject(want);
    await expect(transit.decrypt({ key: UUID, ciphertext: "vault:v1:AAAA" })).rejects.toMatchObject(want);
  });
}

for (const name of [
  "",
  ".",
  "..",
  "a/b",
  "a%2fb",
  "../../sys/seal",
  "a b",
  "a\n",
  "é",
  "a?b",
  "a#b",
  "a".repeat(129),
]) {
  test(`row 33: the key name ${JSON.stringify(name.slice(0, 20))} reaches no URL`, async () => {
    const sent: VaultOperation[] = [];
    const transit = transitOf({}, sent);
    const want = { code: "ERR_VAULT_ARGUMENT" };
    await expect(transit.encrypt({ key: name, plaintext: new Uint8Array(1) })).rejects.toMatchObject(want);
    await expect(transit.decrypt({ key: name, ciphertext: "vault:v1:AAAA" })).rejects.toMatchObject(want);
    expect(sent).toEqual([]);
  });
}

test("row 33: whatever passes for a key name or a path is the same after URL parsing", () => {
  const accepted = (check: (text: string) => string, text: string): string | undefined => {
    try {
      return check(text);
    } catch {
      return undefined;
    }
  };
  const text = oneof(
    string({ maxLength: 12 }),
    string({
      unit: constantFrom("a", "Z", "0", ".", "/", "%", "2", "e", "\\", "?", "_", "-"),
      maxLength: 12,
    }),
  );
  let passed = 0;
  assert(
    property(text, (candidate) => {
      const key = accepted(checkKeyName, candidate);
      const path = key ?? accepted(checkPath, candidate.replaceAll("?", ""));
      if (path === undefined) return;
      passed += 1;
      expect(new URL(`http://vault/v1/${path}`).pathname).toBe(`/v1/${path}`);
    }),
    { numRuns: 2_000 },
  );
  expect(passed).toBeGreaterThan(50);
});

test("the version is read from Vault's ciphertext only", () => {
  expect(["vault:v7:AA==", "vault:v07:AA==", "vault:7:AA==", "v7", ""].map(transitKeyVersion)).toEqual([
    7,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("a mount path that cannot be one is refused at once", () => {
  expect(() =>
    createTransit({ call: () => Promise.reject(new Error("never")), mountPath: "../sys" }),
  ).toThrow(expect.objectContaining({ code: "ERR_VAULT_ARGUMENT" }));
});

function transitOf(data: VaultAnswer["data"], sent: VaultOperation[] = []) {
  return createTransit({
    mountPath: "/a/transit/",
    call: async (operation) => {
      sent.push(operation);
      return { status: 200, data, auth: undefined, wrapInfo: undefined, warnings: [] };
    },
  });
}
