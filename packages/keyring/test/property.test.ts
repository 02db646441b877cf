import { KeyringError, openKeyring } from "@talos-bridge/keyring";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { VolatileFiles } from "./support/volatile-files.ts";

const keyring = await openKeyring("/keys/keyring.json", { create: true, files: new VolatileFiles() });
await keyring.rotate();

test("any data comes back for its node, and for no other", () => {
  fc.assert(
    fc.property(fc.uuid(), fc.uuid(), fc.uint8Array({ maxLength: 200 }), (node, other, data) => {
      const text = keyring.seal(node, data);
      expect(Uint8Array.from(keyring.unseal(node, text))).toEqual(data);
      if (node !== other)
        expect(() => keyring.unseal(other, text)).toThrow(
          expect.objectContaining({ code: "ERR_KEYRING_REFUSED" }),
        );
    }),
    { numRuns: 500, seed: 1 },
  );
});

test("any text ends in one of two errors", () => {
  const node = "b26849ef-4fb0-4e03-a9d1-1a165a40c8d7";
  const body = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.base64String({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  );
  const prefix = fc.oneof(
    fc.constantFrom("", "tbk:", "tbk:v1:", "tbk:v1:1:", "tbk:v1:2:", "tbk:v1:99:"),
    fc.string(),
  );
  const codes = new Set<string>();
  fc.assert(
    fc.property(prefix, body, (before, after) => {
      try {
        keyring.unseal(node, before + after);
        expect.unreachable();
      } catch (error) {
        if (!(error instanceof KeyringError)) throw error;
        codes.add(error.code);
      }
    }),
    { numRuns: 2_000, seed: 1 },
  );
  expect(codes).toEqual(new Set(["ERR_KEYRING_MALFORMED", "ERR_KEYRING_REFUSED"]));
});
