import { existsSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createProgram } from "../src/run.ts";
import { ERRORS } from "../src/error-table.ts";
import { writeOutput } from "../src/files.ts";
import { formatTable } from "../src/output.ts";
import { commandLine, NOW, scratchDir } from "./support/command-line.ts";

test.each([
  { name: "an unknown command", argv: ["nope"] },
  { name: "an unknown option", argv: ["version", "--nope"] },
  { name: "a missing option", argv: ["kms", "roundtrip"] },
  { name: "a format that is none", argv: ["version", "-o", "xml"] },
  { name: "a timeout that is no duration", argv: ["version", "--timeout", "soon"] },
  { name: "a group without a command", argv: ["kms"] },
])("usage: $name exits 1 and says nothing on standard output", async ({ argv }) => {
  const { exit, stdout, stderr } = await commandLine(argv);
  expect(exit).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).not.toBe("");
});

test("help is asked for, so it is data and exits 0; every command has it", async () => {
  const world = {
    argv: [],
    env: {},
    readStdin: async () => Buffer.alloc(0),
    stdout: { write: () => undefined, isTerminal: false },
    stderr: { write: () => undefined, isTerminal: false },
    now: () => NOW,
    interrupted: new AbortController().signal,
    insisted: new AbortController().signal,
  };
  const paths: string[][] = [];
  const visit = (command: ReturnType<typeof createProgram>, path: string[]): void => {
    paths.push(path);
    for (const each of command.commands) visit(each, [...path, each.name()]);
  };
  visit(
    createProgram(world, () => undefined),
    [],
  );
  expect(paths.length).toBeGreaterThan(8);
  for (const path of paths) {
    const { exit, stdout, stderr } = await commandLine([...path, "--help"]);
    expect({ path, exit, stderr }).toEqual({ path, exit: 0, stderr: "" });
    expect(stdout).toContain("Usage: talos-bridge");
  }
});

test("data has a kind and a version; -o json is JSON", async () => {
  const { exit, stdout } = await commandLine(["version", "-o", "json"]);
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ apiVersion: "talos-bridge/v1", kind: "Version" });
});

test("colours only on a terminal, and not with NO_COLOR or --no-color", async () => {
  const argv = ["kms", "roundtrip", "--endpoint", "grpc://127.0.0.1:9", "--node-uuid", "x"];
  const coloured = await commandLine(argv, { terminal: true });
  expect(coloured.stderr).toContain("\u001b[33m!");
  for (const [more, env] of [
    [["--no-color"], {}],
    [[], { NO_COLOR: "1" }],
  ] as const) {
    const plain = await commandLine([...argv, ...more], { terminal: true, env });
    expect(plain.stderr).not.toContain("\u001b");
  }
  expect((await commandLine(argv)).stderr).not.toContain("\u001b");
});

test("files are 0600, whole, and never replaced unasked", async () => {
  const dir = scratchDir();
  const path = join(dir, "deep", "secret");
  const world = {
    argv: [],
    env: {},
    readStdin: async () => Buffer.alloc(0),
    stdout: { write: () => undefined, isTerminal: false },
    stderr: { write: () => undefined, isTerminal: false },
    now: () => NOW,
    interrupted: new AbortController().signal,
    insisted: new AbortController().signal,
  };
  await writeOutput(world, path, "one", { force: false });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await expect(writeOutput(world, path, "two", { force: false })).rejects.toMatchObject({ id: "TB1003" });
  await writeOutput(world, path, "two", { force: true });
  writeFileSync(join(dir, "file"), "");
  await expect(writeOutput(world, join(dir, "file", "x"), "", { force: false })).rejects.toMatchObject({
    id: "TB1004",
  });
});

test("what is no regular file is never replaced, not even by force", async () => {
  const dir = scratchDir();
  const path = join(dir, "socket");
  const server = createServer().listen(path);
  onTestFinished(() => void server.close());
  const argv = ["config", "kms-patch", "--endpoint", "https://kms:4050", "--force", "--out"];
  for (const out of [path, dir]) {
    const { exit, stderr } = await commandLine([...argv, out]);
    expect({ exit, told: stderr.includes(`${out} can't be written: it is no regular file`) }).toEqual({
      exit: 1,
      told: true,
    });
  }
  expect(statSync(path).isSocket()).toBe(true);
});

test.each([
  { name: "standard input that is asked for twice", argv: ["config", "validate", "-", "-"], id: "TB1001" },
  { name: "a device without an end", argv: ["config", "validate", "/dev/zero"], id: "TB1002" },
])("refuses $name", async ({ argv, id }) => {
  const { exit, stderr } = await commandLine(argv, { stdin: "machine: {}" });
  expect({ exit, known: stderr.includes(`(${id},`) }).toEqual({ exit: 1, known: true });
});

test("a timeout that is longer than any timer is none", async () => {
  expect((await commandLine(["version", "--timeout", "90000h"])).exit).toBe(0);
});

test("keys that were made after Ctrl-C are not kept", async () => {
  const out = join(scratchDir(), "secrets.yaml");
  const interrupted = new AbortController();
  const { exit } = await commandLine(["secrets", "generate", "--out", out], {
    interrupted: interrupted.signal,
    onStderr: () => interrupted.abort(),
  });
  expect({ exit, there: existsSync(out) }).toEqual({ exit: 130, there: false });
});

test("what comes from outside can't move the cursor or end a line of a table", () => {
  const text = formatTable({ head: ["A", "B"], rows: [["x\ny", "\u001b[2J\u202e"]] });
  expect(text.split("\n")).toHaveLength(3);
  for (const character of ["\u001b", "\u202e"]) expect(text).not.toContain(character);
});

test("nor can it in an error", async () => {
  const argv = ["csr", "test", "--endpoint", "h", "--token-file", "x", "--ca", "\u001b[2J\n"];
  const { stderr } = await commandLine(argv);
  expect(stderr).toContain("TB1002");
  expect(stderr).not.toContain("\u001b");
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
});

test("interrupted and out of time have exit codes of their own", async () => {
  // Takes connections and says nothing.
  const server = createServer((socket) => socket.on("error", () => undefined));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const argv = ["kms", "roundtrip", "--endpoint", `grpc://127.0.0.1:${address.port}`, "--node-uuid", "x"];
  expect((await commandLine(argv, { interrupted: AbortSignal.abort() })).exit).toBe(130);
  expect((await commandLine([...argv, "--timeout", "1ms"])).exit).toBe(124);
});

test("every error id has an exit code, a cause and a cure", () => {
  for (const [id, { exit, cause, cure }] of Object.entries(ERRORS)) {
    expect(id).toMatch(/^TB[0-9]{4}$/);
    expect([1, 2, 3, 124, 130]).toContain(exit);
    expect(cause.endsWith(".") && cure.endsWith(".")).toBe(true);
  }
});

test("-o yaml is YAML, and schema has a JSON Schema for each kind that it lists", async () => {
  expect((await commandLine(["version", "-o", "yaml"])).stdout).toMatch(
    /^apiVersion: talos-bridge\/v1\nkind: Version\n/,
  );
  const kinds = (await commandLine(["schema"])).stdout
    .trim()
    .split("\n")
    .map((line) => line.split(":")[0] ?? "");
  expect(kinds.length).toBeGreaterThan(10);
  for (const kind of kinds) {
    const { exit, stdout } = await commandLine(["schema", kind]);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ title: kind, properties: { kind: { const: kind } } });
  }
});
