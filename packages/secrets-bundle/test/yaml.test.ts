import {
  lintSecretsBundle,
  readMachineConfig,
  readSecretsBundle,
  readTalosconfig,
} from "@talos-bridge/secrets-bundle";
import { describe, expect, test } from "vitest";
import { brief, errorOf } from "./support/errors.ts";
import { NOW, SECRETS, withLine } from "./support/fixtures.ts";

describe("text that is not read", () => {
  const deep = (open: string, depth: number): string => `cluster: ${open.repeat(depth)}`;
  const rows: { name: string; input: string | Uint8Array; want: string; message?: string }[] = [
    { name: "too many bytes", input: "a".repeat(1_048_577), want: "ERR_BUNDLE_TOO_LARGE" },
    { name: "too many bytes in few characters", input: "€".repeat(400_000), want: "ERR_BUNDLE_TOO_LARGE" },
    { name: "too many parts", input: "k: 1\n".repeat(50_000), want: "ERR_BUNDLE_TOO_LARGE" },
    { name: "deep in brackets", input: deep("[", 5_000), want: "ERR_BUNDLE_TOO_LARGE" },
    { name: "deep in braces", input: deep("{a: ", 5_000), want: "ERR_BUNDLE_TOO_LARGE" },
    { name: "deep in dashes", input: "- ".repeat(5_000), want: "ERR_BUNDLE_TOO_LARGE" },
    { name: "deep in question marks", input: "? ".repeat(5_000), want: "ERR_BUNDLE_TOO_LARGE" },
    {
      name: "deep in lines",
      input: Array.from({ length: 100 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join(""),
      want: "ERR_BUNDLE_TOO_LARGE",
    },
    {
      name: "more than a hundred aliases",
      input: `a: &a x\nb: [${"*a, ".repeat(101)}]\n`,
      want: "ERR_BUNDLE_TOO_LARGE",
    },
    {
      name: "bytes that are no UTF-8",
      input: Uint8Array.of(0x61, 0x3a, 0x20, 0xff),
      want: "ERR_BUNDLE_ENCODING",
    },
    { name: "UTF-16", input: Buffer.from("\ufeffa: b", "utf16le"), want: "ERR_BUNDLE_ENCODING" },
    { name: "a NUL", input: "a: b\0c", want: "ERR_BUNDLE_ENCODING" },
    { name: "a lone surrogate", input: "a: \ud800", want: "ERR_BUNDLE_ENCODING" },
    ...["\r", "\u0085", "\u2028", "\u2029"].map((end) => ({
      name: `${JSON.stringify(end)}, at which Talos ends a line, and with it a comment`,
      input: `cluster:\n  id: a # b${end}  secret: c\n`,
      want: "ERR_BUNDLE_ENCODING",
      message: "line 2: a line break that readers do not agree on",
    })),
    {
      name: "a quote that does not end",
      input: 'cluster:\n  id: "canary',
      want: "ERR_BUNDLE_YAML",
      message: "line 2, column 14: not valid YAML (MISSING_CHAR)",
    },
    {
      name: "bad indentation",
      input: "cluster:\n    id: a\n  secret: b\n",
      want: "ERR_BUNDLE_YAML",
      message: "line 3, column 1: not valid YAML (BAD_INDENT)",
    },
    {
      name: "a merge key",
      input: "a: &a {b: c}\ncluster:\n  <<: *a\n",
      want: "ERR_BUNDLE_YAML",
      message: "line 3, column 3: merge keys are not read",
    },
    {
      name: "an alias of nothing",
      input: "cluster: *nowhere\n",
      want: "ERR_BUNDLE_YAML",
      message: "line 1, column 10: an alias without its anchor",
    },
    { name: "a list for a key", input: "? [a]\n: b\n", want: "ERR_BUNDLE_YAML" },
    { name: "a list for a key, in braces", input: "{[a]: b}", want: "ERR_BUNDLE_YAML" },
    {
      name: "a key twice",
      input: `cluster:\n  id: a\n  secret: b\n  id: c\n`,
      want: "ERR_BUNDLE_DUPLICATE_KEY",
      message: "line 4, column 3: a key twice",
    },
    {
      name: "a key twice, once in quotes",
      input: `cluster: a\n"cluster": b\n`,
      want: "ERR_BUNDLE_DUPLICATE_KEY",
    },
  ];
  test.each(rows)("$name", ({ input, want, message }) => {
    for (const read of [readSecretsBundle, readTalosconfig, readMachineConfig]) {
      const error = errorOf(() => read(input));
      expect(error?.code).toBe(want);
      if (message !== undefined) expect(error?.message).toBe(message);
      expect(error?.cause).toBeUndefined();
    }
    expect(brief(lintSecretsBundle(input, { now: NOW }))).toEqual([" unreadable"]);
  });
});

test("aliases of aliases are never multiplied out", () => {
  const levels = Array.from({ length: 10 }, (_, i) =>
    i === 0 ? "a0: &a0 [x, x, x, x, x, x, x, x]" : `a${i}: &a${i} [${`*a${i - 1}, `.repeat(8)}]`,
  );
  const read = readSecretsBundle(`${levels.join("\n")}\n${SECRETS}`);
  expect(read).toEqual(readSecretsBundle(SECRETS));
});

test("keys that objects have of themselves are keys like others", () => {
  const hostile = `__proto__:\n    polluted: yes\nconstructor:\n    prototype: {polluted: yes}\n${SECRETS}`;
  expect(readSecretsBundle(hostile)).toEqual(readSecretsBundle(SECRETS));
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  const { contexts } = readTalosconfig(
    "context: __proto__\ncontexts:\n    __proto__:\n        endpoints: [a]\n",
  );
  expect(contexts.get("__proto__")?.endpoints).toEqual(["a"]);
});

test("an older YAML version changes nothing: text is text", () => {
  const old = `%YAML 1.1\n---\n${withLine(SECRETS, "token: ", "token: 1_000")}`;
  expect(readSecretsBundle(old).trustdInfo.token).toBe("1_000");
});

test("a tag that makes something else of a text is found", () => {
  for (const tag of ["!!int 5", "!!binary AAAA", "!!bool yes"]) {
    const text = withLine(SECRETS, "token: ", `token: ${tag}`);
    expect(brief(lintSecretsBundle(text, { now: NOW }))).toEqual(["trustdinfo.token type"]);
  }
});
