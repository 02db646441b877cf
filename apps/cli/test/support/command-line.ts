import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { CommandContext } from "../../src/command-context.ts";
import { DATA_KINDS, type DataKind } from "../../src/data-kinds.ts";
import { createOutput } from "../../src/output.ts";
import { run } from "../../src/run.ts";

export interface Outcome {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder that goes with the test. */
export function scratchDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "cli-test-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

export const NOW = new Date("2026-06-01T12:00:00Z");

/** Runs one command line; its audit log goes to a folder of its own. */
export async function commandLine(
  argv: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly stdin?: string | Uint8Array;
    readonly now?: Date;
    readonly terminal?: boolean;
    readonly interrupted?: AbortSignal;
    /** Hears what is written to standard error so far. */
    readonly onStderr?: (text: string) => void;
  } = {},
): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  const { env = {}, stdin = "", now = NOW, terminal = false } = options;
  const exit = await run({
    argv,
    env: {
      ...(env["TALOS_BRIDGE_AUDIT_LOG"] === undefined && {
        TALOS_BRIDGE_AUDIT_LOG: join(scratchDir(), "audit.log"),
      }),
      ...env,
    },
    readStdin: async () => Buffer.from(stdin),
    stdout: { write: (text) => void (stdout += text), isTerminal: terminal },
    stderr: {
      write(text) {
        stderr += text;
        options.onStderr?.(stderr);
      },
      isTerminal: terminal,
    },
    now: () => now,
    interrupted: options.interrupted ?? new AbortController().signal,
    insisted: new AbortController().signal,
  });
  if (argv.includes("json") && stdout.startsWith("{")) expectKnownKind(JSON.parse(stdout));
  return { exit, stdout, stderr };
}

/** What a command works with, where nobody reads what it says. */
export function commandContext(): CommandContext {
  const screen = { write: () => undefined, isTerminal: false };
  const { signal } = new AbortController();
  const world = {
    argv: [],
    env: {},
    readStdin: async () => Buffer.alloc(0),
    stdout: screen,
    stderr: screen,
    now: () => NOW,
    interrupted: signal,
    insisted: signal,
  };
  const options = { format: "table", color: false, quiet: true, verbose: false, formatYaml: String } as const;
  return {
    world,
    out: createOutput(world, options),
    global: { output: "table", timeout: 10_000, verbose: false, quiet: true, color: false },
    signal,
  };
}

/** Whatever a test prints as JSON is one of the kinds that `talos-bridge schema` tells of, field by field. */
function expectKnownKind(data: Readonly<Record<string, unknown>>): void {
  const { apiVersion, kind, ...rest } = data;
  expect(apiVersion).toBe("talos-bridge/v1");
  const known: Readonly<Record<string, DataKind>> = DATA_KINDS;
  const fields = Object.entries(known[String(kind)]?.fields ?? {});
  const typeOf = (value: unknown): string => (Array.isArray(value) ? "array" : typeof value);
  const wanted = fields.filter(([name]) => !name.endsWith("?") || name.slice(0, -1) in rest);
  expect(Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, typeOf(value)]))).toEqual(
    Object.fromEntries(wanted.map(([name, type]) => [name.replace(/\?$/, ""), type])),
  );
}
