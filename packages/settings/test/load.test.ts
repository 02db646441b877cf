import {
  boolean,
  commaList,
  duration,
  loadSettings,
  oneOf,
  port,
  refuse,
  text,
  type LoadedSettings,
  type SettingsTable,
} from "@talos-bridge/settings";
import { describe, expect, expectTypeOf, test } from "vitest";

const TABLE = {
  port: { env: "PORT", flag: "port", default: "50001", ...port(), doc: "Port." },
  names: {
    env: ["NAMES", "POD_NAME"],
    flag: "names",
    aliases: ["server-names"],
    default: "",
    ...commaList(),
    doc: "Names.",
  },
  ttl: { env: "TTL", flag: "cert-ttl", default: "24h", ...duration({ min: 1 }), doc: "Validity." },
  strict: { env: "STRICT", flag: "strict", default: "false", ...boolean(), doc: "Strict." },
  format: { flag: "log-format", default: "json", ...oneOf(["json", "text"]), doc: "Format." },
  token: { env: "TOKEN", flag: "token", ...text("token"), secret: true, doc: "Token." },
  pin: {
    env: "PIN",
    flag: "pin",
    type: "digits",
    parse(digits: string) {
      if (/^[0-9]+$/.test(digits)) return digits;
      throw refuse("must be digits");
    },
    secret: true,
    doc: "PIN.",
  },
} satisfies SettingsTable;

type Loaded = LoadedSettings<typeof TABLE>;

interface Row {
  readonly name: string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

function load(argv: readonly string[], env: Readonly<Record<string, string | undefined>> = {}): Loaded {
  return loadSettings(TABLE, { argv, env });
}

function valuesOf(loaded: Loaded): Extract<Loaded, { kind: "values" }> {
  if (loaded.kind !== "values") throw new Error(`no values but ${JSON.stringify(loaded)}`);
  return loaded;
}

function faultsOf(loaded: Loaded): string[] {
  if (loaded.kind !== "faults") throw new Error(`no faults but ${loaded.kind}`);
  return loaded.faults.map(({ setting, fault }) => `${setting} ${fault}`);
}

const DEFAULTS = {
  port: 50_001,
  names: [],
  ttl: 86_400_000,
  strict: false,
  format: "json",
  token: undefined,
  pin: undefined,
};

test("types follow the parsers, undefined only where there is no default", () => {
  const { values } = valuesOf(load([]));
  expectTypeOf(values.port).toEqualTypeOf<number>();
  expectTypeOf(values.names).toEqualTypeOf<readonly string[]>();
  expectTypeOf(values.strict).toEqualTypeOf<boolean>();
  expectTypeOf(values.format).toEqualTypeOf<"json" | "text">();
  expectTypeOf(values.token).toEqualTypeOf<string | undefined>();
  expect(values).toEqual(DEFAULTS);
});

describe("values", () => {
  for (const { name, argv = [], env = {}, want } of [
    { name: "nothing given", want: {} },
    { name: "environment", env: { PORT: "80", TTL: "1h30m" }, want: { port: 80, ttl: 5_400_000 } },
    { name: "empty environment is unset", env: { PORT: "", TOKEN: "", NAMES: "" }, want: {} },
    { name: "flag with an equals sign", argv: ["--port=80"], want: { port: 80 } },
    { name: "flag and value apart", argv: ["--port", "80"], want: { port: 80 } },
    { name: "one dash", argv: ["-port", "80", "-cert-ttl=2h"], want: { port: 80, ttl: 7_200_000 } },
    { name: "flag over environment", argv: ["--port=81"], env: { PORT: "80" }, want: { port: 81 } },
    { name: "flag over a bad environment", argv: ["--port=81"], env: { PORT: "x" }, want: { port: 81 } },
    { name: "last of a repeated flag", argv: ["--port=81", "-port", "82"], want: { port: 82 } },
    { name: "alias", argv: ["--server-names=a,b"], want: { names: ["a", "b"] } },
    { name: "last of flag and alias", argv: ["--server-names=a", "--names=b"], want: { names: ["b"] } },
    { name: "first name that is set", env: { NAMES: "a", POD_NAME: "b" }, want: { names: ["a"] } },
    { name: "second name", env: { NAMES: "", POD_NAME: "b" }, want: { names: ["b"] } },
    { name: "bare boolean", argv: ["--strict", "--port", "80"], want: { strict: true, port: 80 } },
    { name: "boolean off", argv: ["--strict=false"], env: { STRICT: "true" }, want: { strict: false } },
    { name: "empty flag is a value", argv: ["--names="], env: { NAMES: "a" }, want: { names: [] } },
    { name: "empty flag apart", argv: ["--names", ""], env: { NAMES: "a" }, want: { names: [] } },
    { name: "value with an equals sign", argv: ["--token=a=b="], want: { token: "a=b=" } },
    {
      name: "value that looks like a flag, as in Go",
      argv: ["--token", "--port"],
      want: { token: "--port" },
    },
    { name: "value of several lines", argv: ["--token=a\nb"], want: { token: "a\nb" } },
    { name: "end of flags", argv: ["--port", "80", "--"], want: { port: 80 } },
    { name: "names from Object's prototype in the environment", env: { constructor: "x" }, want: {} },
  ] as (Row & { want: object })[]) {
    test(name, () => expect(valuesOf(load(argv, env)).values).toEqual({ ...DEFAULTS, ...want }));
  }

  test("each one's source is told", () => {
    expect(valuesOf(load(["--port=1", "--strict"], { PORT: "2", TTL: "1h" })).sources).toEqual({
      port: "flag",
      names: "default",
      ttl: "env",
      strict: "flag",
      format: "default",
      token: "unset",
      pin: "unset",
    });
  });
});

describe("faults", () => {
  for (const { name, argv = [], env = {}, want } of [
    {
      name: "bad environment",
      env: { PORT: "80x" },
      want: ['PORT must be a whole number from 0 to 65535, not "80x"'],
    },
    {
      name: "bad flag",
      argv: ["-log-format", "xml"],
      want: ['--log-format must be one of json, text, not "xml"'],
    },
    { name: "bad second name", env: { POD_NAME: "a", TTL: "1" }, want: [/^TTL must be a duration/] },
    { name: "a long value is cut", env: { PORT: "9".repeat(1_000) }, want: [/, not "9{64}…"$/] },
    { name: "a value is escaped", env: { PORT: "1\n2" }, want: [/, not "1\\n2"$/] },
    { name: "missing value", argv: ["--port"], want: ["--port needs a value"] },
    { name: "empty flag that must not be", argv: ["--port="], want: [/^--port must be .*, not ""$/] },
    { name: "unknown flag", argv: ["--verbose"], want: ["--verbose is no known flag"] },
    { name: "typo", argv: ["--prot=80"], want: ["--prot is no known flag; did you mean --port?"] },
    {
      name: "typo of two",
      argv: ["--cert-tlt", "1h"],
      want: ["--cert-tlt is no known flag; did you mean --cert-ttl?"],
    },
    {
      name: "environment spelling",
      argv: ["--CERT_TTL=1h"],
      want: ["--CERT_TTL is no known flag; did you mean --cert-ttl?"],
    },
    { name: "typo of help", argv: ["--hlep"], want: ["--hlep is no known flag; did you mean --help?"] },
    {
      name: "an unknown flag's value is no second fault",
      argv: ["--tokn", "s3cret"],
      want: [/^--tokn is no known flag/],
    },
    { name: "stray argument", argv: ["--port", "80", "s3cret"], want: ["argument 3 is no flag"] },
    {
      name: "stray value of a boolean",
      argv: ["--strict", "true"],
      want: [/^argument 2 is no flag; write --strict=VALUE/],
    },
    {
      name: "arguments after the end of flags",
      argv: ["--", "--port", "--"],
      want: ["argument 2 is no flag", "argument 3 is no flag"],
    },
    { name: "a dash alone", argv: ["-"], want: ["argument 1 is no flag"] },
    { name: "three dashes", argv: ["---port=1"], want: ["argument 1 is no flag"] },
    { name: "no name", argv: ["--=1"], want: ["argument 1 is no flag"] },
    { name: "empty argument", argv: [""], want: ["argument 1 is no flag"] },
    {
      name: "names from Object's prototype",
      argv: ["--constructor", "--__proto__=1"],
      want: ["--constructor is no known flag", "argument 2 is no flag"],
    },
    {
      name: "all at once",
      argv: ["--prot", "1", "--strict=maybe", "--cert-ttl"],
      env: { PORT: "x", TTL: "x", PIN: "x" },
      want: [/^--prot /, "--cert-ttl needs a value", /^PORT /, /^TTL /, /^--strict /, "PIN must be digits"],
    },
  ]) {
    test(name, () => {
      expect(faultsOf(load(argv, env))).toEqual(
        want.map((each) => (typeof each === "string" ? each : expect.stringMatching(each))),
      );
    });
  }
});

describe("warnings", () => {
  for (const { name, argv, env, want } of [
    {
      name: "flag and environment differ",
      argv: ["--port=81"],
      env: { PORT: "80" },
      want: ["--port and PORT differ: the flag is used"],
    },
    { name: "they are equal", argv: ["--port=80"], env: { PORT: "80" }, want: [] },
    { name: "environment empty", argv: ["--port=80"], env: { PORT: "" }, want: [] },
    {
      name: "by its second name",
      argv: ["-server-names=a"],
      env: { POD_NAME: "b" },
      want: ["--server-names and POD_NAME differ: the flag is used"],
    },
    {
      name: "a secret as a flag",
      argv: ["--token=a"],
      env: {},
      want: ["--token: other processes can read arguments; use TOKEN instead"],
    },
  ]) {
    test(name, () => expect(valuesOf(load(argv, env)).warnings).toEqual(want));
  }
});

describe("help and version answer before any validation", () => {
  for (const { argv, want } of [
    { argv: ["--help"], want: "help" },
    { argv: ["-help"], want: "help" },
    { argv: ["-h"], want: "help" },
    { argv: ["--version"], want: "version" },
    { argv: ["--version", "--help"], want: "version" },
    { argv: ["--prot=x", "stray", "--port=x", "-h"], want: "help" },
    { argv: ["--bogus", "--help"], want: "help" },
    { argv: ["--strict", "--help"], want: "help" },
  ]) {
    test(argv.join(" "), () => expect(load(argv, { PORT: "x" })).toEqual({ kind: want }));
  }

  test("not where it is another flag's value, nor after the end of flags", () => {
    expect(valuesOf(load(["--token", "--help"])).values.token).toBe("--help");
    expect(load(["--", "--help"]).kind).toBe("faults");
  });
});

test("a secret's text is in no fault and no warning", () => {
  const secret = "s3cret-\n-text";
  for (const input of [
    load([`--pin=${secret}`, "--port=x"]),
    load(["--pin", secret, "--port=x"]),
    load([], { PIN: secret }),
    load([`--token=${secret}`], { TOKEN: `${secret}2` }),
    load([`--tokn=${secret}`]),
    load(["--tokn", secret]),
    load([secret]),
    load(["--strict", secret]),
    load(["--port", `--token=${secret}`]),
  ]) {
    const told = input.kind === "values" ? input.warnings : input;
    expect(JSON.stringify(told)).not.toMatch(/s3cret/);
    expect(JSON.stringify(told)).not.toMatch(/^(\[\]|undefined)$/);
  }
});

describe("a wrong table throws", () => {
  const row = { ...text(), doc: "" };
  for (const { name, table } of [
    { name: "two equal flags", table: { a: { ...row, flag: "a" }, b: { ...row, flag: "a" } } },
    {
      name: "alias equal to a flag",
      table: { a: { ...row, flag: "a" }, b: { ...row, flag: "b", aliases: ["a"] } },
    },
    { name: "a flag named help", table: { a: { ...row, flag: "help" } } },
    { name: "a default that is refused", table: { a: { ...port(), doc: "", flag: "a", default: "x" } } },
  ]) {
    test(name, () => {
      expect(() => loadSettings(table, { argv: [], env: {} })).toThrow(
        expect.objectContaining({ code: "ERR_SETTINGS_TABLE" }),
      );
    });
  }
});

test("a parser's own crash is no fault of the user", () => {
  const table = {
    a: {
      flag: "a",
      type: "text",
      doc: "",
      parse: (): string => {
        throw new TypeError("bug");
      },
    },
  };
  expect(() => loadSettings(table, { argv: ["--a=1"], env: {} })).toThrow(TypeError);
});
