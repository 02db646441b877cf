import { scanDer, SCAN_LIMITS } from "@talos-bridge/pki";
import { describe, expect, test } from "vitest";
import { hex } from "./support/der.ts";
import { codeOf } from "./support/fixtures.ts";

// X.690: what DER has one way to write, and each other way of BER.
const FAULTS: { name: string; input: string; at: number }[] = [
  { name: "nothing", input: "", at: 0 },
  { name: "a tag alone", input: "30", at: 0 },
  { name: "content that is cut off", input: "3003 0201", at: 0 },
  { name: "a value that ends after its sequence", input: "3003 020200", at: 2 },
  { name: "a length that is cut off", input: "0482 01", at: 0 },
  { name: "a length that runs into the next level", input: "3002 3082", at: 2 },
  { name: "an indefinite length", input: "3080 0000", at: 0 },
  { name: "an indefinite length inside", input: "3006 3080 0101ff 0000", at: 2 },
  { name: "the reserved length ff", input: "04ff", at: 0 },
  { name: "a length of 4 bytes", input: "0484 00000000", at: 0 },
  { name: "a length of 127 bytes", input: `04ff${"00".repeat(127)}`, at: 0 },
  { name: "81 for a length below 128", input: "0481 01 00", at: 0 },
  { name: "81 for a length of 127", input: `0481 7f ${"00".repeat(127)}`, at: 0 },
  { name: "82 for a length below 256", input: `0482 00ff ${"00".repeat(255)}`, at: 0 },
  { name: "83 for a length below 65536", input: `0483 000100 ${"00".repeat(256)}`, at: 0 },
  { name: "a byte behind", input: "0500 00", at: 2 },
  { name: "a value behind", input: "0500 0500", at: 2 },
  { name: "zeros behind", input: "3000 0000", at: 2 },
  { name: "a tag in several bytes", input: "1f1f 00", at: 0 },
  { name: "a context tag in several bytes", input: "bf20 00", at: 0 },
  { name: "a low tag number in several bytes", input: "1f02 0100", at: 0 },
  { name: "end-of-contents", input: "0000", at: 0 },
  { name: "end-of-contents inside", input: "3002 0000", at: 2 },
  { name: "BOOLEAN 01", input: "010101", at: 0 },
  { name: "BOOLEAN 7f", input: "01017f", at: 0 },
  { name: "BOOLEAN without content", input: "0100", at: 0 },
  { name: "BOOLEAN of two bytes", input: "0102ffff", at: 0 },
  { name: "INTEGER without content", input: "0200", at: 0 },
  { name: "INTEGER with a zero too many", input: "0202007f", at: 0 },
  { name: "INTEGER with an ff too many", input: "0202ff80", at: 0 },
  { name: "INTEGER of zeros", input: "02020000", at: 0 },
  { name: "NULL with content", input: "050100", at: 0 },
  { name: "OBJECT IDENTIFIER without content", input: "0600", at: 0 },
  { name: "OBJECT IDENTIFIER that is cut off", input: "06022a86", at: 0 },
  { name: "OBJECT IDENTIFIER with 80 in front of an arc", input: "06032a8001", at: 0 },
  { name: "OBJECT IDENTIFIER that begins with 80", input: "06028001", at: 0 },
  { name: "BIT STRING without content", input: "0300", at: 0 },
  { name: "BIT STRING with 8 unused bits", input: "03020800", at: 0 },
  { name: "BIT STRING with unused bits of nothing", input: "030101", at: 0 },
  { name: "BIT STRING with unused bits that are not zero", input: "03020181", at: 0 },
  { name: "BIT STRING, constructed", input: "2304 03020000", at: 0 },
  { name: "OCTET STRING, constructed", input: "2403 040100", at: 0 },
  { name: "UTF8String, constructed", input: "2c03 0c0161", at: 0 },
  { name: "INTEGER, constructed", input: "2203 020100", at: 0 },
  { name: "SEQUENCE, primitive", input: "1000", at: 0 },
  { name: "SET, primitive", input: "1100", at: 0 },
  { name: "a fault deep inside", input: "3007 3005 3003 010101", at: 6 },
  { name: "a fault behind good values", input: "3007 020101 0500 0501", at: 7 },
];

const GOOD: { name: string; input: string }[] = [
  { name: "NULL", input: "0500" },
  { name: "an empty SEQUENCE", input: "3000" },
  { name: "BOOLEAN", input: "3006 010100 0101ff" },
  {
    name: "INTEGER 0, 127, 128, -1, -128, -129",
    input: "3014 020100 02017f 02020080 0201ff 020180 0202ff7f",
  },
  { name: "BIT STRING with no bits", input: "030100" },
  { name: "BIT STRING with unused bits", input: "03020780" },
  { name: "OBJECT IDENTIFIER", input: "06032a8148" },
  { name: "OBJECT IDENTIFIER with 80 inside an arc", input: "06052a81808001" },
  { name: "OCTET STRING of anything", input: "04040000ff30" },
  { name: "a length of 128 in two bytes", input: `0481 80 ${"00".repeat(128)}` },
  { name: "a length of 256 in three bytes", input: `0482 0100 ${"00".repeat(256)}` },
  { name: "context tags, primitive and constructed", input: "3006 8000 a002 0500" },
  { name: "a SET in any order, as Go writes and reads it", input: "3106 020102 020101" },
];

describe("scanDer refuses", () => {
  test.each(FAULTS)("$name", ({ input, at }) => {
    expect(() => scanDer(hex(input))).toThrow(
      expect.objectContaining({
        code: "ERR_PKI_DER",
        message: expect.stringMatching(new RegExp(`^byte ${at}: `)),
      }),
    );
  });
});

describe("scanDer accepts", () => {
  test.each(GOOD)("$name", ({ input }) => {
    expect(codeOf(() => scanDer(hex(input)))).toBe("ok");
  });
});

describe("limits", () => {
  const bytes = hex("3006 3000 3000 3000");
  const rows = [
    { name: "bytes", limits: { maxBytes: 8 }, want: "ok" },
    { name: "a byte too many", limits: { maxBytes: 7 }, want: "ERR_PKI_TOO_LARGE" },
    { name: "values", limits: { maxNodes: 4 }, want: "ok" },
    { name: "a value too many", limits: { maxNodes: 3 }, want: "ERR_PKI_DER" },
    { name: "depth", limits: { maxDepth: 3 }, want: "ok" },
    { name: "a level too many", limits: { maxDepth: 2 }, want: "ERR_PKI_DER" },
  ];
  test.each(rows)("$name: $want", ({ limits, want }) => {
    expect(codeOf(() => scanDer(bytes, { ...SCAN_LIMITS, ...limits }))).toBe(want);
  });
});
