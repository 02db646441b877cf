import {
  MAX_TOKEN_FILE_LENGTH,
  MAX_TOKEN_LENGTH,
  MAX_TOKENS,
  readTokenFile,
  TokenAuthError,
} from "@talos-bridge/token-auth";
import { describe, expect, test } from "vitest";

const A = { id: "file:1", secret: "q1w2e3.aaaa" };

describe("token files that are read", () => {
  for (const { name, text, want } of [
    { name: "empty", text: "", want: [] },
    { name: "blank", text: "\ufeff \n\t\r\n", want: [] },
    { name: "comments only", text: "# none\n  # yet", want: [] },
    { name: "without a newline at the end", text: "q1w2e3.aaaa", want: [A] },
    { name: "with one", text: "q1w2e3.aaaa\n", want: [A] },
    { name: "CRLF", text: "q1w2e3.aaaa\r\nb\r\n", want: [A, { id: "file:2", secret: "b" }] },
    { name: "byte order mark", text: "\ufeffq1w2e3.aaaa\n", want: [A] },
    { name: "byte order mark before a comment", text: "\ufeff# a\nb", want: [{ id: "file:2", secret: "b" }] },
    { name: "surrounding white space", text: " \tq1w2e3.aaaa \t\r\n", want: [A] },
    {
      name: "lines are counted with blank ones",
      text: "\n# new\n\nb\n",
      want: [{ id: "file:4", secret: "b" }],
    },
    { name: "a hash inside", text: "a#b", want: [{ id: "file:1", secret: "a#b" }] },
    {
      name: "the same token twice",
      text: "q1w2e3.aaaa\nb\nq1w2e3.aaaa\n",
      want: [A, { id: "file:2", secret: "b" }],
    },
    {
      name: "the longest",
      text: "a".repeat(MAX_TOKEN_LENGTH),
      want: [{ id: "file:1", secret: "a".repeat(MAX_TOKEN_LENGTH) }],
    },
  ]) {
    test(name, () => expect(readTokenFile(text)).toEqual(want));
  }

  test("as many tokens as are allowed", () => {
    const lines = Array.from({ length: MAX_TOKENS }, (_, index) => `token-${index}`);
    expect(readTokenFile(lines.join("\n")).map(({ secret }) => secret)).toEqual(lines);
  });
});

describe("row 22: token files that are refused, by line and never by content", () => {
  for (const { name, line, code = "ERR_TOKEN_ALPHABET" } of [
    { name: "space inside", line: "s3cret s3cret" },
    { name: "tab inside", line: "s3cret\ts3cret" },
    { name: "carriage return inside", line: "s3cret\rs3cret" },
    { name: "a note behind", line: "s3cret # old" },
    { name: "NUL", line: "s3cret\0" },
    { name: "escape", line: "\u001b[2Js3cret" },
    { name: "DEL", line: "s3cret\u007f" },
    { name: "not ASCII", line: "s3cret\u00e9" },
    { name: "replaced bytes of what is no UTF-8", line: "s3cret\ufffd" },
    { name: "byte order mark inside", line: "s3\ufeffcret" },
    { name: "too long", line: "s3cret".repeat(200), code: "ERR_TOKEN_SIZE" },
  ]) {
    test(name, () => {
      try {
        readTokenFile(`# a\ngood\n${line}\n`);
        expect.unreachable();
      } catch (error) {
        if (!(error instanceof TokenAuthError)) throw error;
        expect(error.code).toBe(code);
        expect(error.message).toContain("file:3");
        expect(error.message).not.toContain("s3cret");
      }
    });
  }
});

describe("ceilings", () => {
  for (const { name, text, code } of [
    { name: "characters", text: "\n".repeat(MAX_TOKEN_FILE_LENGTH + 1), code: "ERR_TOKEN_SIZE" },
    {
      name: "tokens",
      text: Array.from({ length: MAX_TOKENS + 1 }, (_, index) => `token-${index}`).join("\n"),
      code: "ERR_TOKEN_COUNT",
    },
  ]) {
    test(name, () => expect(() => readTokenFile(text)).toThrow(expect.objectContaining({ code })));
  }
});
