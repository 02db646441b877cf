import { Argument, type Command } from "commander";
import { completionScript, SHELLS, type Shell } from "../completion-script.ts";
import type { Register } from "../register.ts";

export function addCompletion(program: Command, register: Register): void {
  const command = program
    .command("completion")
    .description("print a script that completes commands and options in a shell")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .addHelpText(
      "after",
      "\nExamples:\n  source <(talos-bridge completion bash)\n  talos-bridge completion fish > ~/.config/fish/completions/talos-bridge.fish",
    );
  register<{ shell: Shell }>(command, async ({ out }, { shell }) => {
    out.raw(completionScript(shell, wordsOf(program)));
  });
}

/** For each command path, joined by spaces, the words that may follow. */
function wordsOf(program: Command): ReadonlyMap<string, readonly string[]> {
  const words = new Map<string, readonly string[]>();
  const global = program.options.flatMap(({ long }) => long ?? []);
  const visit = (command: Command, path: readonly string[]): void => {
    const own = command === program ? [] : command.options.flatMap(({ long }) => long ?? []);
    words.set(path.join(" "), [...command.commands.map((each) => each.name()), ...own, ...global, "--help"]);
    for (const each of command.commands) visit(each, [...path, each.name()]);
  };
  visit(program, []);
  return words;
}
