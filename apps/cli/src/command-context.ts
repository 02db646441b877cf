import type { Command } from "commander";
import { CliError } from "./cli-error.ts";
import { createOutput, type Format, type Output } from "./output.ts";
import type { World } from "./world.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly output: Format;
  readonly timeout: number;
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** What a command works with. */
export interface CommandContext {
  readonly world: World;
  readonly out: Output;
  readonly global: GlobalOptions;
  /** Ends with `--timeout` or Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Runs a command's work with its context. The answer, if it is one, is the exit code. */
export type Work<Options> = (context: CommandContext, options: Options) => Promise<number | void>;

/** Makes the context of a command from its options and the program's. */
export async function contextOf(world: World, command: Command): Promise<CommandContext> {
  const global = command.optsWithGlobals<GlobalOptions>();
  const timeout = AbortSignal.timeout(Math.min(Math.ceil(global.timeout), LONGEST_TIMER_MS));
  const signal = AbortSignal.any([world.interrupted, timeout]);
  const { output: format, quiet, verbose } = global;
  const out = createOutput(world, {
    format,
    quiet,
    verbose,
    color: global.color && world.stderr.isTerminal && (world.env["NO_COLOR"] ?? "") === "",
    formatYaml: await yamlWriter(format),
  });
  const context = { world, global, signal, out };
  return { ...context, world: { ...world, readStdin: onceUntilEnded(context) } };
}

/** A timer of Node ends at once where it is to last longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Standard input for one command: it comes once, and is waited for no longer than the command lasts. */
function onceUntilEnded(context: CommandContext): World["readStdin"] {
  const { world, signal } = context;
  let taken = false;
  return async () => {
    if (taken) throw new CliError("TB1001", "- is given more than once: standard input can be read once");
    taken = true;
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const end = (): void => reject(new Error("ended"));
    signal.addEventListener("abort", end);
    try {
      throwIfEnded(context);
      return await Promise.race([world.readStdin(), ended]);
    } catch (error) {
      throwIfEnded(context, error);
      throw error;
    } finally {
      signal.removeEventListener("abort", end);
    }
  };
}

/** Loaded only where YAML is asked for: most runs are faster without. */
async function yamlWriter(format: Format): Promise<(value: unknown) => string> {
  if (format !== "yaml") return JSON.stringify;
  const { formatYaml } = await import("@talos-bridge/secrets-bundle");
  return formatYaml;
}

/** Throws TB9001 or TB9002 where the signal has ended the work. */
export function throwIfEnded({ world, signal, global }: CommandContext, cause?: unknown): void {
  if (!signal.aborted) return;
  if (world.interrupted.aborted) throw new CliError("TB9002", "interrupted", { cause });
  throw new CliError("TB9001", `not done within ${global.timeout / 1000} s`, { cause });
}
