import { execFile, type ExecFileException } from "node:child_process";
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
 * Runs it, for `timeoutMs` at most; text = why the patch was not applied. What talosctl prints may hold pieces of a machine config
 * and goes nowhere, but for the code of a gRPC status. Throws TB2101 where there is no talosctl.
 */
export async function runPatch(
  { env }: Pick<World, "env">,
  signal: AbortSignal,
  command: PatchCommand,
  timeoutMs = PATCH_MS,
): Promise<string | undefined> {
  const [program, ...args] = patchCommand(command);
  const { promise, resolve } = Promise.withResolvers<{ error: ExecFileException | null; stderr: string }>();
  execFile(
    program,
    args,
    // It leaves nothing behind, so that the signal may be one that it can't ignore.
    { env: { ...env }, signal, timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: 1_048_576 },
    (error, _, stderr) => resolve({ error, stderr }),
  );
  const { error, stderr } = await promise;
  if (error === null) return undefined;
  const what = reason(error);
  if (what === "ENOENT" || what === "EACCES") {
    throw new CliError("TB2101", `${program} can't be run: ${what}`, { cause: error });
  }
  signal.throwIfAborted();
  if (error.killed === true) return `talosctl did not end within ${timeoutMs / 1000} s`;
  const how = typeof error.code === "number" ? `with status ${error.code}` : "without a status";
  return `talosctl ended ${how}${statusIn(stderr)}`;
}

/** The gRPC status that talosctl ended with; "" where it says none. */
function statusIn(stderr: string): string {
  const code = /code = (?<code>[A-Za-z]+)/.exec(stderr)?.groups?.["code"];
  if (code === undefined) return "";
  // apid of a worker says so where the request names another node than it knows itself as.
  const stranger = code === "PermissionDenied" && stderr.includes("no request forwarding");
  return `: ${code}${stranger ? ", it takes the node's address for another node's" : ""}`;
}
