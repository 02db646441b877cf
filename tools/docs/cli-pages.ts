// The pages of the command line: every command with its options, and every error with cause and cure.
import type { Command, Option } from "commander";
import { ERRORS, type ErrorNote } from "../../apps/cli/src/error-table.ts";
import { FINDINGS } from "../../apps/cli/src/finding-table.ts";
import type { FindingNote } from "../../apps/cli/src/findings/note.ts";
import { createProgram } from "../../apps/cli/src/run.ts";
import { MADE, table } from "./tables.ts";

const silent = { write: () => undefined, isTerminal: false };

/** Path and text of each page. */
export function cliPages(): ReadonlyMap<string, string> {
  return new Map([
    ["docs/reference/cli.md", commandsPage()],
    ["docs/reference/cli-errors.md", errorsPage()],
    ["docs/reference/findings.md", findingsPage()],
  ]);
}

function commandsPage(): string {
  const program = createProgram(
    {
      argv: [],
      env: {},
      readStdin: async () => new Uint8Array(),
      stdout: silent,
      stderr: silent,
      now: () => new Date(0),
      interrupted: new AbortController().signal,
      insisted: new AbortController().signal,
    },
    () => undefined,
  );
  return `${MADE}
# Commands of talos-bridge

Data goes to standard output, everything else to standard error. Files that are written hold secrets more often than not: they have mode
0600, are written whole or not at all, and never replace one that is there unless \`--force\` is given. \`-\` is standard input or output.

Each act with a CA's key is written down before it is done, with the CA's fingerprint and never a secret: in the file that
\`TALOS_BRIDGE_AUDIT_LOG\` names, else in \`talos-bridge/audit.log\` under \`XDG_STATE_HOME\` or \`~/.local/state\`. Where that can't be, the act is not done.

| Exit code | Meaning |
| --- | --- |
| 0 | done |
| 1 | something here: arguments, files |
| 2 | the other side answered no, or not at all |
| 3 | a check ran, and found problems |
| 124 | out of time (\`--timeout\`) |
| 130 | interrupted |

Every command takes these options:

${optionTable(program.options)}
${leaves(program)
  .map((command) => section(command))
  .join("\n")}`;
}

function leaves(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

function section(command: Command): string {
  const names: string[] = [];
  for (let each: Command | null = command; each !== null; each = each.parent) names.unshift(each.name());
  const usage = command.registeredArguments.map((each) => {
    const choices = each.argChoices ?? [];
    const few = choices.length > 0 && choices.length < 5;
    const name = few ? choices.join("|") : `${each.name()}${each.variadic ? "..." : ""}`;
    return each.required ? ` <${name}>` : ` [${name}]`;
  });
  return `## ${names.slice(1).join(" ")}

${sentence(command.description())}

\`${names.join(" ")}${usage.join("")}\`

${command.options.length === 0 ? "" : optionTable(command.options)}`;
}

function optionTable(options: readonly Option[]): string {
  const rows = options.map((option) => {
    const { flags, description, defaultValue, defaultValueDescription, mandatory, argChoices } = option;
    const text =
      defaultValueDescription ??
      (defaultValue === false || defaultValue === undefined ? "" : String(defaultValue));
    const shown = mandatory ? "required" : text === "" ? "" : `\`${text}\``;
    const choices =
      argChoices === undefined ? "" : ` One of ${argChoices.map((each) => `\`${each}\``).join(", ")}.`;
    return [`\`${flags}\``, shown, `${sentence(description)}${choices}`];
  });
  return table(["Option", "Default", "Meaning"], rows);
}

function errorsPage(): string {
  const notes: readonly (readonly [string, ErrorNote])[] = Object.entries(ERRORS);
  return `${MADE}
# Errors of talos-bridge

Each error has an id that stays the same, and an exit code by its kind (see [commands](cli.md)).

${notes
  .map(
    ([id, { exit, title, cause, cure }]) =>
      `## ${id}\n\n**${sentence(title)}** Exit code ${exit}.\n\n${cause}\n\n${cure}\n`,
  )
  .join("\n")}`;
}

function findingsPage(): string {
  const notes: readonly (readonly [string, FindingNote])[] = Object.entries(FINDINGS);
  return `${MADE}
# What talos-bridge finds

\`doctor\` and \`pki verify\` name each thing that is wrong by an id that stays the same, and lead here; \`config validate\` has the same ids. What
other programs say in the same case stands beside it.

${notes
  .map(([id, { title, says = [], cause, cure }]) => {
    const texts = says.map((text) => `- \`${text}\`\n`).join("");
    return `## ${id}\n\n**${sentence(title)}**\n\n${texts}${texts === "" ? "" : "\n"}${cause}\n\n${cure}\n`;
  })
  .join("\n")}`;
}

/** A name that stands first, such as `os:admin`, stays as it is typed. */
function sentence(text: string): string {
  const first = /^[a-z0-9]+(?:'s)?(?=[ ,;]|$)/.test(text) ? text.charAt(0).toUpperCase() : text.charAt(0);
  return `${first}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}
