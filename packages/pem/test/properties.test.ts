import { decodePem, encodePem, PemError } from "@talos-bridge/pem";
import * as fc from "fast-check";
import { expect, test } from "vitest";

const options = { seed: 7468, numRuns: 300 };

const label = fc
  .array(fc.stringMatching(/^[A-Z0-9]{1,8}$/), { minLength: 1, maxLength: 4 })
  .map((words) => words.join(" "));
const block = fc.record({ label, der: fc.uint8Array({ minLength: 1, maxLength: 300 }) });

test("what is encoded decodes to itself", () => {
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 5 }), (blocks) => {
      expect(decodePem(blocks.map((each) => encodePem(each.label, each.der)).join(""))).toEqual(blocks);
    }),
    options,
  );
});

test("nothing but PemError is thrown, whatever the bytes", () => {
  const line = fc.oneof(
    fc.constantFrom(
      "-----BEGIN A-----",
      "-----END A-----",
      "-----BEGIN ",
      "MAMCAQc=",
      "",
      "\u{feff}",
      "A: b",
    ),
    fc.string({ maxLength: 20 }),
  );
  const text = fc.oneof(
    fc.array(line, { maxLength: 12 }).map((lines) => Buffer.from(lines.join("\n"))),
    fc.uint8Array({ maxLength: 200 }),
  );
  fc.assert(
    fc.property(text, fc.constantFrom("refuse", "ignore"), (bytes, textOutside) => {
      try {
        expect(decodePem(bytes, { textOutside }).length).toBeGreaterThan(0);
      } catch (error) {
        if (!(error instanceof PemError)) throw error;
      }
    }),
    options,
  );
});

test("a changed character never goes unnoticed", () => {
  const der = Uint8Array.from({ length: 90 }, (_, index) => index);
  const text = encodePem("THING", der);
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.integer({ min: 0x21, max: 0x7e }), (index, code) => {
      const changed = text.slice(0, index) + String.fromCharCode(code) + text.slice(index + 1);
      fc.pre(changed !== text);
      let read: unknown;
      try {
        read = decodePem(changed);
      } catch (error) {
        if (!(error instanceof PemError)) throw error;
      }
      expect(read).not.toEqual([{ label: "THING", der }]);
    }),
    options,
  );
});
