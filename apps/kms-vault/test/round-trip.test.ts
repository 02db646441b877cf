import { Code, ConnectError } from "@connectrpc/connect";
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { NODE, OTHER_NODE, startKms } from "./support/kms.ts";

test("a node seals its disk key and unseals it again; another node and a damaged blob get one and the same error", async () => {
  const { kms, lines, output } = await startKms();
  const key = randomBytes(32);
  const { data: sealed } = await kms.seal({ nodeUuid: NODE, data: key });
  expect(Buffer.from(sealed).toString("latin1")).toMatch(/^tbk:v1:1:/);
  const { data } = await kms.unseal({ nodeUuid: NODE.toUpperCase(), data: sealed });
  expect(Buffer.from(data).equals(key)).toBe(true);

  const flipped = Uint8Array.from(sealed);
  flipped[flipped.length - 10] = flipped.at(-10) === 65 ? 66 : 65;
  const refusals = await Promise.all(
    [
      { nodeUuid: OTHER_NODE, data: sealed },
      { nodeUuid: NODE, data: flipped },
      { nodeUuid: NODE, data: sealed.subarray(0, sealed.length - 4) },
    ].map((request) => kms.unseal(request).catch((error: unknown) => ConnectError.from(error))),
  );
  for (const refusal of refusals) {
    expect(refusal).toMatchObject({
      code: Code.PermissionDenied,
      rawMessage: "the data can't be unsealed for this node",
    });
  }
  expect(lines().map(({ msg }) => msg)).toEqual(expect.arrayContaining(["sealed", "unsealed", "refused"]));
  for (const form of ["latin1", "hex", "base64"] as const) {
    expect(output()).not.toContain(key.toString(form));
    expect(output()).not.toContain(Buffer.from(sealed).toString(form));
  }
});
