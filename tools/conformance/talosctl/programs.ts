// talosctl and the built talos-bridge, run in one folder of their own.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** A row of the suite. */
export type Case = readonly [name: string, run: () => void];

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Both programs. Paths of files are relative to the folder that they are run in. */
export interface Programs {
  /** Standard output; throws with what it says on standard error where it fails. */
  readonly talosctl: (...argv: readonly string[]) => string;
  readonly bridge: (...argv: readonly string[]) => string;
  /** How talos-bridge ends, whatever the exit code. */
  readonly bridgeEnds: (...argv: readonly string[]) => Outcome;
  readonly read: (path: string) => string;
  readonly write: (path: string, text: string) => void;
  /** Removes the folder. */
  readonly stop: () => void;
}

const CLI = resolve(import.meta.dirname, "../../../apps/cli");

export function startPrograms(talosctl: string): Programs {
  const folder = mkdtempSync(join(tmpdir(), "talosctl-conformance-"));
  const bridge = [process.execPath, join(CLI, "dist/main.js")];
  // Always anew, which takes under a second: what was left from another day would prove nothing.
  succeed([process.execPath, "../../tools/bundle.ts"], CLI);
  return {
    talosctl: (...argv) => succeed([talosctl, ...argv], folder),
    bridge: (...argv) => succeed([...bridge, ...argv], folder),
    bridgeEnds: (...argv) => run([...bridge, ...argv], folder),
    read: (path) => readFileSync(join(folder, path), "utf8"),
    write: (path, text) => writeFileSync(join(folder, path), text, { mode: 0o600 }),
    stop: () => rmSync(folder, { recursive: true }),
  };
}

function succeed(command: readonly string[], folder: string): string {
  const { status, stdout, stderr } = run(command, folder);
  if (status !== 0) throw new Error(`${command.slice(1).join(" ")} ended with ${status}\n${stderr}`);
  return stdout;
}

function run([program = "", ...argv]: readonly string[], cwd: string): Outcome {
  const { status, stdout, stderr, error } = spawnSync(program, argv, {
    cwd,
    encoding: "utf8",
    // What is in the home folder of whoever runs this is no part of it.
    env: { PATH: process.env["PATH"], HOME: cwd, TALOS_BRIDGE_AUDIT_LOG: join(cwd, "audit.log") },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
    maxBuffer: 16 * 1_048_576,
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}
