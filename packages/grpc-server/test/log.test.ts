import { createLog, type Log, type LogFormat, type LogLevel } from "@talos-bridge/grpc-server";
import { describe, expect, test } from "vitest";

function memoryLog(format: LogFormat, level: LogLevel = "debug"): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const now = (): number => Date.UTC(2026, 10, 24, 12, 30, 15, 7);
  return { lines, log: createLog({ level, format, now, write: (line) => void lines.push(line) }) };
}

test("json: an object a line, time in RFC 3339, level as text", () => {
  const { log, lines } = memoryLog("json");
  log.info("signed", {
    peer: "10.0.0.1",
    sans: ["a", "::1"],
    count: 2,
    ok: true,
    nothing: null,
    absent: undefined,
  });
  expect(lines).toEqual([
    '{"level":"info","time":"2026-11-24T12:30:15.007Z","peer":"10.0.0.1","sans":["a","::1"],"count":2,"ok":true,"nothing":null,"msg":"signed"}\n',
  ]);
});

test("text: pairs, quoted where they need it", () => {
  const { log, lines } = memoryLog("text");
  log.warn("not found", {
    peer: "10.0.0.1:9",
    empty: "",
    eq: "a=b",
    quote: 'a"b',
    sans: ["a b"],
    count: 2,
    none: null,
  });
  expect(lines).toEqual([
    'time=2026-11-24T12:30:15.007Z level=warn msg="not found" peer=10.0.0.1:9 empty="" eq="a=b" quote="a\\"b" sans=["a b"] count=2 none=null\n',
  ]);
});

describe("the least level", () => {
  for (const { level, want } of [
    { level: "debug", want: ["debug", "info", "warn", "error"] },
    { level: "info", want: ["info", "warn", "error"] },
    { level: "warn", want: ["warn", "error"] },
    { level: "error", want: ["error"] },
  ] as const) {
    test(level, () => {
      const { log, lines } = memoryLog("json", level);
      log.debug("m");
      log.info("m");
      log.warn("m");
      log.error("m");
      expect(lines.map((line) => JSON.parse(line).level)).toEqual(want);
    });
  }
});

// Everything that ends a line, moves a cursor, hides text or turns its direction: controls, formats, separators, halves.
const DANGEROUS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

describe("row 17: what a peer sends cannot forge or hide a line", () => {
  for (const format of ["json", "text"] as const) {
    for (const { name, text } of [
      { name: "line feed and a forged line", text: 'x\n{"level":"info","msg":"signed"}' },
      { name: "carriage return", text: "x\rlevel=info msg=signed" },
      { name: "forged pairs", text: "x level=info msg=signed" },
      { name: "closing quote", text: '","level":"info","msg":"' },
      { name: "backslash", text: "x\\" },
      { name: "terminal escape", text: "\u001b[2J\u001b]0;title\u0007" },
      { name: "8-bit terminal escape", text: "\u009b2J" },
      { name: "DEL, NUL, next line", text: "\u007f\0\u0085" },
      { name: "line and paragraph separator", text: "\u2028\u2029" },
      { name: "direction marks", text: "\u202e\u2066\u200f\u061c" },
      { name: "zero width", text: "\u200b\u2060\ufeff" },
      { name: "tag characters beyond the basic plane", text: "a\u{e0001}\u{e0061}" },
      { name: "soft hyphen", text: "sign\u00aded" },
      { name: "half a surrogate pair", text: "\ud83dx" },
      { name: "format directives", text: "%s %d %o %j %%" },
    ]) {
      test(`${format}: ${name}`, () => {
        const { log, lines } = memoryLog(format);
        log.info(text, { commonName: text, sans: [text], [text]: 1 });
        expect(lines).toHaveLength(1);
        const line = lines[0] ?? "";
        expect(line.slice(0, -1)).not.toMatch(DANGEROUS);
        expect(line.endsWith("\n")).toBe(true);
        const same = format === "json" ? JSON.parse(line) : parseText(line);
        expect(same).toMatchObject({ level: "info", msg: text, commonName: text, sans: [text], [text]: 1 });
      });
    }
  }
});

/** Reads `key=value` pairs back; keys and values are plain, or JSON. */
function parseText(line: string): Record<string, unknown> {
  const token = String.raw`("(?:[^"\\]|\\.)*"|[^\s="]+)`;
  const list = String.raw`(\["(?:[^"\\]|\\.)*"\])`;
  const pairs = [...line.matchAll(new RegExp(`${token}=(?:${list}|${token})(?: |\n)`, "g"))];
  expect(pairs.map(([pair]) => pair).join("")).toBe(line);
  const read = (text: string): unknown => (/^["[]|^1$/.test(text) ? JSON.parse(text) : text);
  return Object.fromEntries(
    pairs.map(([, key = "", items, value = ""]) => [String(read(key)), read(items ?? value)]),
  );
}

test("fields do not replace the line's own keys", () => {
  const { log, lines } = memoryLog("json");
  log.error("real", { level: "info", msg: "forged", time: "never", __proto__: { msg: "forged" } });
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    level: "error",
    time: "2026-11-24T12:30:15.007Z",
    level_: "info",
    msg_: "forged",
    time_: "never",
    msg: "real",
  });
});

test("fields of `with` are on every line, the line's own over them", () => {
  const { log, lines } = memoryLog("json");
  const inner = log.with({ part: "tls", file: "a" }).with({ level: "x" });
  inner.info("one", { file: "b" });
  log.info("two");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ part: "tls", file: "b", level: "info", level_: "x" }),
    { level: "info", time: expect.any(String), msg: "two" },
  ]);
});

describe("errors", () => {
  test("name, code, message, frames and causes; no other property", () => {
    const { log, lines } = memoryLog("json");
    const cause = Object.assign(new TypeError("inner"), { code: "ERR_INNER", token: "s3cret" });
    const error = Object.assign(new Error("outer\nline", { cause }), {
      code: 7,
      request: { token: "s3cret" },
    });
    log.error("failed", { error });
    expect(lines.join("")).not.toContain("s3cret");
    expect(JSON.parse(lines[0] ?? "").error).toEqual({
      name: "Error",
      code: 7,
      message: "outer\nline",
      stack: expect.stringMatching(/^at .*log\.test\.ts/),
      cause: { name: "TypeError", code: "ERR_INNER", message: "inner", stack: expect.stringMatching(/^at /) },
    });
  });

  test("causes in a circle end", () => {
    const { log, lines } = memoryLog("json");
    const error = new Error("round");
    error.cause = error;
    log.error("failed", { error });
    expect(lines[0]?.match(/"message":"round"/g)).toHaveLength(5);
  });

  test("a cause that is no error is told by its text or type", () => {
    const { log, lines } = memoryLog("json");
    log.error("failed", {
      a: new Error("x", { cause: "why" }),
      b: new Error("x", { cause: { token: "s3cret" } }),
    });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ a: { cause: "why" }, b: { cause: "object" } });
  });
});

test("what JSON does not know costs its field, not the line, and nothing is thrown", () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const { log, lines } = memoryLog("json");
  log.info("odd", {
    peer: "10.0.0.1",
    circle,
    big: 2n ** 40n,
    getter: {
      get throws() {
        throw new Error("secret");
      },
    },
    nan: Number.NaN,
    symbol: Symbol("x"),
    run: () => 1,
    map: new Map([[1, 2]]),
  });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: "info",
      time: "2026-11-24T12:30:15.007Z",
      peer: "10.0.0.1",
      circle: "can't be written",
      big: "can't be written",
      getter: "can't be written",
      nan: null,
      map: {},
      msg: "odd",
    },
  ]);
});
