import * as crypto from "node:crypto";
import { inspect } from "node:util";
import { createTokenVerifier, MAX_TOKEN_LENGTH, MAX_TOKENS, TokenAuthError } from "@talos-bridge/token-auth";
import { afterEach, describe, expect, test, vi } from "vitest";

// node:crypto's exports cannot be spied on in place; the wrapped one still does the real comparison.
vi.mock("node:crypto", async (importOriginal) => {
  const original = await importOriginal<typeof crypto>();
  return { ...original, timingSafeEqual: vi.fn(original.timingSafeEqual) };
});
afterEach(() => vi.clearAllMocks());

const SECRET = "q1w2e3.aaaabbbbccccdddd";
const env = { id: "env", secret: SECRET };
const second = { id: "file:1", secret: "z9y8x7.eeeeffff00001111" };
const third = { id: "file:2", secret: "another token" };

describe("verify", () => {
  const verifier = createTokenVerifier([env, second, third]);
  for (const { name, candidate, want } of [
    { name: "first token", candidate: SECRET, want: "env" },
    { name: "second token", candidate: second.secret, want: "file:1" },
    { name: "token with a space inside", candidate: third.secret, want: "file:2" },
    { name: "empty", candidate: "", want: undefined },
    { name: "blank", candidate: " ", want: undefined },
    { name: "prefix", candidate: SECRET.slice(0, -1), want: undefined },
    { name: "longer", candidate: `${SECRET}x`, want: undefined },
    { name: "trailing space", candidate: `${SECRET} `, want: undefined },
    { name: "other case", candidate: SECRET.toUpperCase(), want: undefined },
    { name: "two joined by a comma", candidate: `${SECRET}, ${SECRET}`, want: undefined },
    { name: "NUL at the end", candidate: `${SECRET}\0`, want: undefined },
    { name: "an id", candidate: "env", want: undefined },
    { name: "half a surrogate pair", candidate: "\ud800", want: undefined },
    { name: "very long", candidate: "a".repeat(1_000_000), want: undefined },
  ]) {
    test(name, () => expect(verifier.verify(candidate)).toBe(want));
  }
});

test("of equal tokens the first one's id is told", () => {
  expect(createTokenVerifier([env, { id: "file:7", secret: SECRET }]).verify(SECRET)).toBe("env");
});

describe("row 19: hashes are compared, in constant time, against every token", () => {
  const verifier = createTokenVerifier([env, second, third]);
  for (const candidate of [SECRET, second.secret, third.secret, "", "x", "x".repeat(5_000)]) {
    test(`candidate of ${candidate.length} characters`, () => {
      verifier.verify(candidate);
      const calls = vi.mocked(crypto.timingSafeEqual).mock.calls;
      expect(calls.map((sides) => sides.map((side) => side.byteLength))).toEqual([
        [32, 32],
        [32, 32],
        [32, 32],
      ]);
      const hashed = crypto.createHash("sha256").update(candidate).digest();
      for (const [, received] of calls) expect(received).toEqual(hashed);
    });
  }
});

describe("row 20: a token that is empty, blank or can never be presented is refused at start", () => {
  for (const { name, tokens, want } of [
    { name: "no token", tokens: [], want: "ERR_TOKEN_NONE" },
    { name: "empty", tokens: [{ id: "env", secret: "" }], want: "ERR_TOKEN_BLANK" },
    { name: "blank", tokens: [{ id: "env", secret: " \t\r\n\u00a0" }], want: "ERR_TOKEN_BLANK" },
    { name: "empty beside a good one", tokens: [env, { id: "file:1", secret: "" }], want: "ERR_TOKEN_BLANK" },
    { name: "trailing newline", tokens: [{ id: "env", secret: `${SECRET}\n` }], want: "ERR_TOKEN_ALPHABET" },
    { name: "leading space", tokens: [{ id: "env", secret: ` ${SECRET}` }], want: "ERR_TOKEN_ALPHABET" },
    {
      name: "two lines",
      tokens: [{ id: "env", secret: `${SECRET}\n${SECRET}` }],
      want: "ERR_TOKEN_ALPHABET",
    },
    { name: "NUL", tokens: [{ id: "env", secret: `${SECRET}\0x` }], want: "ERR_TOKEN_ALPHABET" },
    { name: "not ASCII", tokens: [{ id: "env", secret: "t\u00f6ken" }], want: "ERR_TOKEN_ALPHABET" },
    {
      name: "too long",
      tokens: [{ id: "env", secret: "a".repeat(MAX_TOKEN_LENGTH + 1) }],
      want: "ERR_TOKEN_SIZE",
    },
    { name: "too many", tokens: Array.from({ length: MAX_TOKENS + 1 }, () => env), want: "ERR_TOKEN_COUNT" },
  ]) {
    test(name, () => {
      expect(() => createTokenVerifier(tokens)).toThrow(expect.objectContaining({ code: want }));
      expect(() => createTokenVerifier(tokens)).toThrow(TokenAuthError);
      for (const { secret } of tokens.filter((token) => token.secret.trim() !== "")) {
        expect(() => createTokenVerifier(tokens)).not.toThrow(secret);
      }
    });
  }

  test("the longest and the most are taken", () => {
    const longest = "a".repeat(MAX_TOKEN_LENGTH);
    const tokens = Array.from({ length: MAX_TOKENS }, (_, index) => ({
      id: `file:${index + 1}`,
      secret: longest,
    }));
    expect(createTokenVerifier(tokens).verify(longest)).toBe("file:1");
  });
});

test("row 22: neither JSON nor inspection of a verifier shows a token or its hash", () => {
  const verifier = createTokenVerifier([env]);
  const hex = crypto.createHash("sha256").update(SECRET).digest("hex");
  for (const shown of [
    JSON.stringify(verifier),
    JSON.stringify({ verifier }),
    inspect(verifier, { depth: null, showHidden: true, getters: true }),
    verifier.verify.toString(),
    Object.getOwnPropertyNames(verifier).join(),
  ]) {
    expect(shown).not.toContain(SECRET);
    expect(shown.replaceAll(/[^0-9a-f]/g, "")).not.toContain(hex);
  }
});
