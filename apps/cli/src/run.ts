import { Command, CommanderError, Option } from "commander";
import { BUILD } from "@talos-bridge/settings";
import { CliError } from "./cli-error.ts";
import { contextOf, throwIfEnded } from "./command-context.ts";
import { addCa } from "./commands/ca.ts";
import { addCompletion } from "./commands/completion.ts";
import { addConfig } from "./commands/config.ts";
import { addCsr } from "./commands/csr.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addInit } from "./commands/init.ts";
import { addKms } from "./commands/kms.ts";
import { addPki } from "./commands/pki.ts";
import { addSchema } from "./commands/schema.ts";
import { addSecrets } from "./commands/secrets.ts";
import { addServe } from "./commands/serve.ts";
import { addVersion } from "./commands/version.ts";
import { ERRORS, errorPage } from "./error-table.ts";
import { EXIT } from "./exit-code.ts";
import { milliseconds } from "./option-parsers.ts";
import { printable } from "./output.ts";
import type { Register } from "./register.ts";
import type { World } from "./world.ts";

/** Runs one command line. The exit code is one of EXIT. */
export async function run(world: World): Promise<number> {
  let exit: number = EXIT.ok;
  const program = createProgram(world, (code) => (exit = code));
  try {
    await program.parseAsync([...world.argv], { from: "user" });
    return exit;
  } catch (error) {
    return tell(world, error);
  }
}

/** The whole tree of commands. */
export function createProgram(world: World, ended: (code: number) => void): Command {
  const program = new Command("talos-bridge")
    .description("Sets up, checks and rotates the trust of Talos nodes without a Talos control plane.")
    .addOption(
      new Option("-o, --output <format>", "form of the data")
        .choices(["table", "json", "yaml"])
        .default("table"),
    )
    .addOption(
      new Option("--timeout <duration>", "time for the whole command")
        .argParser(milliseconds)
        .default(300_000, "5m"),
    )
    .option("-v, --verbose", "say more", false)
    .option("-q, --quiet", "say only what is wrong", false)
    .option("--no-color", "no colours (also NO_COLOR)")
    .version(BUILD.version, "--version")
    .exitOverride()
    .configureOutput({ writeOut: world.stdout.write, writeErr: world.stderr.write })
    .showHelpAfterError(false)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false });

  const register: Register = (command, work) => {
    command.exitOverride().action(async (...given: unknown[]) => {
      const args = given.slice(0, command.registeredArguments.length);
      const named = Object.fromEntries(
        command.registeredArguments.map((each, index) => [each.name(), args[index]]),
      );
      const context = await contextOf(world, command);
      // Commander has checked them against what the command declares.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const options = Object.assign({}, command.opts(), named) as never;
      const code = await work(context, options).catch((error: unknown) => {
        if (!(error instanceof CliError)) throwIfEnded(context, error);
        throw error;
      });
      if (code !== undefined) ended(code);
    });
  };
  addInit(program, register);
  addSecrets(program, register);
  addConfig(program, register);
  addPki(program, register);
  addCa(program, register);
  addCsr(program, register);
  addKms(program, register);
  addDoctor(program, register);
  addServe(program, register);
  addCompletion(program, register);
  addSchema(program, register);
  addVersion(program, register);
  return program;
}

/** Tells what ended a run, on standard error. The exit code is one of EXIT. */
export function tell(world: World, error: unknown): number {
  if (error instanceof CommanderError) {
    // Help and version, which were asked for, come as errors too.
    if (error.exitCode === 0) return EXIT.ok;
    world.stderr.write(`TB1001, see ${errorPage("TB1001")}\n`);
    return EXIT.local;
  }
  if (error instanceof CliError) {
    const { exit } = ERRORS[error.id];
    world.stderr.write(`error: ${printable(error.message)} (${error.id}, see ${errorPage(error.id)})\n`);
    if (error.fix !== undefined) world.stderr.write(`  fix: ${printable(error.fix)}\n`);
    return exit;
  }
  const verbose = world.argv.some((each) => each === "-v" || each === "--verbose");
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  world.stderr.write(`error: unexpected (TB1000, see ${errorPage("TB1000")})\n${verbose ? `${what}\n` : ""}`);
  return EXIT.local;
}
