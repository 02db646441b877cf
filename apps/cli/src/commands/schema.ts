import { Argument, type Command } from "commander";
import { DATA_KINDS, schemaOf, type DataKindName } from "../data-kinds.ts";
import { API_VERSION } from "../output.ts";
import type { Register } from "../register.ts";

export function addSchema(program: Command, register: Register): void {
  const command = program
    .command("schema")
    .description("print the JSON Schema of what commands print with -o json; without a kind, list the kinds")
    .addArgument(new Argument("[kind]").choices(Object.keys(DATA_KINDS)));
  register<{ kind?: DataKindName }>(command, async ({ out }, { kind }) => {
    if (kind !== undefined) {
      out.raw(`${JSON.stringify(schemaOf(kind, API_VERSION), undefined, 2)}\n`);
      return;
    }
    out.raw(
      `${Object.entries(DATA_KINDS)
        .map(([name, each]) => `${name}: ${each.command}`)
        .join("\n")}\n`,
    );
  });
}
