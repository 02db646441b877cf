import { execFile } from "node:child_process";
import { CliError } from "../cli-error.ts";
import { reason } from "../files.ts";
import type { World } from "../world.ts";

export interface PatchCommand {
  readonly talosctl: string;
  readonly talosconfig: string;
  readonly patch: string;
  readonly node: string;
  readonly endpoint: string;
}

/** What patches one node, and never reboots it: the program and its arguments, all of them paths and addresses. */
export function patchCommand(command: PatchCommand): readonly [program: string, ...args: string[]] {
  const { talosctl, talosconfig, patch, node, endpoint } = command;
  return [
    talosctl,
    "patch",
    "machineconfig",
    "--talosconfig",
    talosconfig,
    "--endpoints",
    endpoint,
    "--nodes",
    node,
    "--mode",
    "no-reboot",
    "--patch",
    `@${patch}`,
  ];
}

const PATCH_MS = 60_000;

/**
 * Runs it; text = why the patch was not applied. What talosctl prints may hold pieces of a machine config and goes nowhere, but
 * for the code of a gRPC status. Throws TB2101 where there is no talosctl.
 */
export async function runPatch(
  { env }: Pick<World, "env">,
  signal: AbortSignal,
  command: PatchCommand,
): Promise<string | undefined> {
  const [program, ...args] = patchCommand(command);
  const { promise, resolve } = Promise.withResolvers<{ error: Error | null; stderr: string }>();
  execFile(
    program,
    args,
    { env: { ...env }, signal, timeout: PATCH_MS, maxBuffer: 1_048_576 },
    (error, _, stderr) => resolve({ error, stderr }),
  );
  const { error, stderr } = await promise;
  if (error === null) return undefined;
  const what = reason(error);
  if (what === "ENOENT" || what === "EACCES") {
    throw new CliError("TB2101", `${program} can't be run: ${what}`, { cause: error });
  }
  signal.throwIfAborted();
  const status = /code = (?<code>[A-Za-z]+)/.exec(stderr)?.groups?.["code"];
  const how =
    "code" in error && typeof error.code === "number" ? `with status ${error.code}` : "without a status";
  return `talosctl ended ${how}${status === undefined ? "" : `: ${status}`}`;
}
