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
  readonly yes: boolean;
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
export function contextOf(
  world: World,
  command: Command,
  formatYaml: (value: unknown) => string,
): CommandContext {
  const global = command.optsWithGlobals<GlobalOptions>();
  const signal = AbortSignal.any([world.interrupted, AbortSignal.timeout(Math.ceil(global.timeout))]);
  return { world, global, signal, out: outputOf(world, global, formatYaml) };
}

function outputOf(world: World, global: GlobalOptions, formatYaml: (value: unknown) => string): Output {
  return createOutput(world, {
    format: global.output,
    color: global.color && world.stderr.isTerminal && (world.env["NO_COLOR"] ?? "") === "",
    quiet: global.quiet,
    verbose: global.verbose,
    formatYaml,
  });
}

/** Throws TB9001 or TB9002 where the signal has ended the work. */
export function throwIfEnded({ world, signal, global }: CommandContext, cause?: unknown): void {
  if (!signal.aborted) return;
  if (world.interrupted.aborted) throw new CliError("TB9002", "interrupted", { cause });
  throw new CliError("TB9001", `not done within ${global.timeout / 1000} s`, { cause });
}
