import { decodePem, decodeSinglePem, encodePem, PemError, type DecodeOptions } from "@talos-bridge/pem";
import { describe, expect, test } from "vitest";

const DER = Uint8Array.from([0x30, 0x03, 0x02, 0x01, 0x07]);
const BODY = "MAMCAQc=";
const BLOCK = `-----BEGIN THING-----\n${BODY}\n-----END THING-----\n`;
const block = (label: string, body = BODY): string =>
  `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

function codeOf(read: () => unknown): string {
  try {
    read();
    return "ok";
  } catch (error) {
    if (error instanceof PemError) return error.code;
    throw error;
  }
}

const THING = [{ label: "THING", der: DER }];

const ACCEPTED: { name: string; input: string; options?: DecodeOptions; want: unknown }[] = [
  { name: "one block", input: BLOCK, want: THING },
  { name: "CRLF line ends", input: BLOCK.replaceAll("\n", "\r\n"), want: THING },
  { name: "no line end at the end", input: BLOCK.trimEnd(), want: THING },
  { name: "a byte order mark", input: `\u{feff}${BLOCK}`, want: THING },
  { name: "white space around the block", input: `\n \t\n${BLOCK}\n\n  \n`, want: THING },
  { name: "white space at line ends", input: BLOCK.replaceAll("\n", " \t\n"), want: THING },
  { name: "blank lines inside", input: block("THING", `\n${BODY}\n\n`), want: THING },
  { name: "lines of any width", input: block("THING", "MAMC\nAQ\nc="), want: THING },
  { name: "labels with a hyphen and a digit", input: block("X-1 Y"), want: [{ label: "X-1 Y", der: DER }] },
  {
    name: "several blocks, in order",
    input: block("A") + block("B"),
    want: [
      { label: "A", der: DER },
      { label: "B", der: DER },
    ],
  },
  {
    name: "comments, where asked for",
    input: `# our CA\n${BLOCK}subject=O = talos\n`,
    options: { textOutside: "ignore" },
    want: THING,
  },
  { name: "exactly the ceiling", input: BLOCK, options: { maxBytes: BLOCK.length }, want: THING },
  {
    name: "exactly as many blocks",
    input: block("A"),
    options: { maxBlocks: 1 },
    want: [{ label: "A", der: DER }],
  },
];

describe("decodePem accepts", () => {
  test.each(ACCEPTED)("$name", ({ input, options, want }) => {
    expect(decodePem(input, options)).toEqual(want);
    expect(decodePem(new TextEncoder().encode(input), options)).toEqual(want);
  });

  test("bytes that are a part of a larger buffer", () => {
    const whole = new TextEncoder().encode(`xx${BLOCK}xx`);
    expect(decodePem(whole.subarray(2, -2))).toEqual(THING);
  });
});

const REFUSED: { name: string; input: string; options?: DecodeOptions; want: string }[] = [
  { name: "nothing", input: "", want: "ERR_PEM_NO_BLOCK" },
  { name: "white space alone", input: " \n\t\n", want: "ERR_PEM_NO_BLOCK" },
  {
    name: "text alone, where text is a comment",
    input: "hello",
    options: { textOutside: "ignore" },
    want: "ERR_PEM_NO_BLOCK",
  },
  {
    name: "one byte over the ceiling",
    input: BLOCK,
    options: { maxBytes: BLOCK.length - 1 },
    want: "ERR_PEM_TOO_LARGE",
  },
  { name: "256 KiB and a byte", input: " ".repeat(262_145), want: "ERR_PEM_TOO_LARGE" },
  {
    name: "one block too many",
    input: block("A") + block("B"),
    options: { maxBlocks: 1 },
    want: "ERR_PEM_TOO_MANY_BLOCKS",
  },
  { name: "129 blocks", input: block("A").repeat(129), want: "ERR_PEM_TOO_MANY_BLOCKS" },
  { name: "text before", input: `hello\n${BLOCK}`, want: "ERR_PEM_TEXT_OUTSIDE" },
  { name: "text after", input: `${BLOCK}hello`, want: "ERR_PEM_TEXT_OUTSIDE" },
  { name: "a NUL after", input: `${BLOCK}\0`, want: "ERR_PEM_TEXT_OUTSIDE" },
  { name: "a second byte order mark", input: `\u{feff}\u{feff}${BLOCK}`, want: "ERR_PEM_TEXT_OUTSIDE" },
  { name: "DER instead of PEM", input: "0\u0003\u0002\u0001\u0007", want: "ERR_PEM_TEXT_OUTSIDE" },
  { name: "UTF-16", input: Buffer.from(BLOCK, "utf16le").toString("latin1"), want: "ERR_PEM_TEXT_OUTSIDE" },
  { name: "carriage returns alone", input: BLOCK.replaceAll("\n", "\r"), want: "ERR_PEM_LABEL" },
  { name: "BEGIN in lower case", input: BLOCK.replace("BEGIN", "begin"), want: "ERR_PEM_TEXT_OUTSIDE" },
  { name: "four dashes", input: BLOCK.replace("-----BEGIN", "----BEGIN"), want: "ERR_PEM_TEXT_OUTSIDE" },
  {
    name: "BEGIN without its dashes at the end",
    input: BLOCK.replace("BEGIN THING-----", "BEGIN THING"),
    want: "ERR_PEM_LABEL",
  },
  { name: "no label", input: "-----BEGIN -----\nMAMCAQc=\n-----END -----\n", want: "ERR_PEM_LABEL" },
  { name: "a label with two spaces", input: block("A  B"), want: "ERR_PEM_LABEL" },
  { name: "a label that begins with a hyphen", input: block("-A"), want: "ERR_PEM_LABEL" },
  { name: "a label with a control character", input: block("A\u0001B"), want: "ERR_PEM_LABEL" },
  { name: "another label at the end", input: BLOCK.replace("END THING", "END OTHER"), want: "ERR_PEM_LABEL" },
  {
    name: "text after the END's dashes",
    input: BLOCK.replace("END THING-----", "END THING-----x"),
    want: "ERR_PEM_LABEL",
  },
  { name: "no END", input: `-----BEGIN THING-----\n${BODY}\n`, want: "ERR_PEM_UNTERMINATED" },
  { name: "a BEGIN before the END", input: `-----BEGIN THING-----\n${BLOCK}`, want: "ERR_PEM_UNTERMINATED" },
  { name: "an END alone", input: "-----END THING-----\n", want: "ERR_PEM_TEXT_OUTSIDE" },
  {
    name: "headers of encryption",
    input: block("THING", `Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n${BODY}`),
    want: "ERR_PEM_HEADERS",
  },
  { name: "any other header", input: block("THING", `Comment: x\n\n${BODY}`), want: "ERR_PEM_HEADERS" },
  { name: "an empty body", input: "-----BEGIN THING-----\n-----END THING-----\n", want: "ERR_PEM_BASE64" },
  { name: "padding that is missing", input: block("THING", "MAMCAQc"), want: "ERR_PEM_BASE64" },
  { name: "padding that is too long", input: block("THING", "MAMCAQc=="), want: "ERR_PEM_BASE64" },
  { name: "padding in the middle", input: block("THING", "MAMCAQc=\nMAMC"), want: "ERR_PEM_BASE64" },
  { name: "stray bits in the last character", input: block("THING", "MAMCAQd="), want: "ERR_PEM_BASE64" },
  { name: "the alphabet of base64url", input: block("THING", "MA-_"), want: "ERR_PEM_BASE64" },
  { name: "a space inside a line", input: block("THING", "MAMC AQc="), want: "ERR_PEM_BASE64" },
  { name: "a character outside ASCII", input: block("THING", "MAMCAQ\u{e9}="), want: "ERR_PEM_BASE64" },
];

describe("decodePem refuses", () => {
  test.each(REFUSED)("$name", ({ input, options, want }) => {
    expect(codeOf(() => decodePem(input, options))).toBe(want);
    expect(codeOf(() => decodePem(Buffer.from(input, "utf8"), options))).toBe(want);
  });
});

describe("decodeSinglePem", () => {
  const rows: { name: string; input: string; want: string }[] = [
    { name: "the label asked for", input: block("A"), want: "ok" },
    { name: "another of the labels asked for", input: block("B"), want: "ok" },
    { name: "another label", input: block("C"), want: "ERR_PEM_LABEL" },
    { name: "the label in lower case", input: block("a"), want: "ERR_PEM_LABEL" },
    { name: "the label twice", input: block("A") + block("A"), want: "ERR_PEM_TOO_MANY_BLOCKS" },
    {
      name: "a private key behind it",
      input: block("A") + block("PRIVATE KEY"),
      want: "ERR_PEM_TOO_MANY_BLOCKS",
    },
    { name: "no block", input: "\n", want: "ERR_PEM_NO_BLOCK" },
  ];
  test.each(rows)("$name: $want", ({ input, want }) => {
    expect(codeOf(() => decodeSinglePem(input, { labels: ["A", "B"] }))).toBe(want);
  });

  test("keeps to its own ceiling", () => {
    expect(codeOf(() => decodeSinglePem(BLOCK, { labels: ["THING"], maxBytes: 10 }))).toBe(
      "ERR_PEM_TOO_LARGE",
    );
  });
});

describe("errors", () => {
  test("name the line", () => {
    expect(() => decodePem(`\n\n-----BEGIN A-----\n${BODY}\n-----END B-----\n`)).toThrow(
      "line 5: END does not match BEGIN of line 3",
    );
  });

  test.each(REFUSED)("hold nothing of the content: $name", ({ input, options }) => {
    const secret = "c2VjcmV0LXNlY3JldB";
    const text = input.replaceAll(BODY, `${secret}=`).replaceAll("hello", secret);
    expect.assertions(1);
    try {
      decodePem(text, options);
    } catch (error) {
      expect(String(error)).not.toContain(secret);
    }
  });
});

// Go's CVE-2022-24675 and its like: a text made so that each line starts another scan to the end. Counting the reads of
// characters is not possible from here, so the sizes speak: both texts would take minutes if the work were quadratic.
describe("repeated lines are read once", () => {
  const many = 8_000_000;
  const rows = [
    { name: "BEGIN", line: "-----BEGIN A-----\n", want: "ERR_PEM_UNTERMINATED" },
    { name: "END", line: "-----END A-----\n", want: "ERR_PEM_NO_BLOCK" },
    { name: "dashes", line: "-", want: "ERR_PEM_NO_BLOCK" },
    { name: "words of a label", line: "-----BEGIN A", want: "ERR_PEM_LABEL" },
  ];
  test.each(rows)("$name", ({ line, want }) => {
    const text = line.repeat(Math.floor(many / line.length));
    expect(codeOf(() => decodePem(text, { maxBytes: many, textOutside: "ignore" }))).toBe(want);
  });
});

test("encodePem writes 64 columns and a line end", () => {
  expect(encodePem("THING", DER)).toBe(BLOCK);
  const lines = encodePem("THING", new Uint8Array(100)).split("\n");
  expect(lines.map(({ length }) => length)).toEqual([21, 64, 64, 8, 19, 0]);
});
