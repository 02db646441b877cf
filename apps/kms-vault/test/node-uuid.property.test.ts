import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createUuidPolicy, describeRefusedUuid, maskUuid } from "../src/node-uuid.ts";

const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const policies = (["strict", "relaxed"] as const).flatMap((mode) =>
  [true, false].flatMap((disableValidation) =>
    (["any", new Set([4])] as const).map((allowedVersions) =>
      createUuidPolicy({ mode, disableValidation, allowedVersions, disableEntropyCheck: false }),
    ),
  ),
);

/** Texts near a UUID: one cut up, spliced and mixed with what URLs and terminals treat in their own way. */
const nearUuid = fc
  .tuple(
    fc.uuid(),
    fc.nat(36),
    fc.nat(3),
    fc.oneof(
      fc.constantFrom("", "/", "..", "%2e", "\0", "\r\n", "\u212a", "\uff15", "A", "-"),
      fc.string({ unit: "binary" }),
    ),
  )
  .map(([uuid, at, drop, splice]) => uuid.slice(0, at) + splice + uuid.slice(at + drop));

test("row 33: whatever comes, what passes is a UUID in lower case, and in a URL's path it is one segment, unescaped", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        nearUuid,
        fc.uuid(),
        fc.uuid().map((uuid) => uuid.toUpperCase()),
        fc.string({ unit: "binary" }),
      ),
      (typed) => {
        for (const policy of policies) {
          const checked = policy(typed);
          if (!checked.ok) {
            expect(checked.reason === "uuid-shape").toBe(
              !SHAPE.test(typed.toLowerCase()) || typed.length !== 36,
            );
            continue;
          }
          expect(checked.uuid).toMatch(SHAPE);
          expect(checked.typed ?? checked.uuid).toBe(typed);
          for (const key of [checked.uuid, checked.typed ?? checked.uuid]) {
            expect(new URL(`/v1/transit/encrypt/${key}`, "http://vault").pathname).toBe(
              `/v1/transit/encrypt/${key}`,
            );
          }
          expect(maskUuid(checked.uuid)).toMatch(/^[0-9a-f]{6}\*\*-\*{4}-\*{4}-\*\*[0-9a-f]{4}$/);
        }
      },
    ),
    { numRuns: 2_000, seed: 1 },
  );
});

test("row 33: what is logged of any text is short, printable, one line", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 100 }), (typed) => {
      const { length, start } = describeRefusedUuid(typed);
      expect(length).toBe(typed.length);
      expect(start).toMatch(/^[ -~]{0,216}$/);
    }),
    { numRuns: 1_000, seed: 1 },
  );
});
