import {
  lintMachineConfig,
  lintSecretsBundle,
  lintTalosconfig,
  type Finding,
} from "@talos-bridge/secrets-bundle";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-code.ts";
import { findingPage } from "./finding-table.ts";
import { readInput } from "./files.ts";
import { readBundle } from "./secrets-file.ts";

export interface ValidateOptions {
  readonly files: readonly string[];
  readonly secrets?: string;
  readonly expiring: number;
}

type FileKind = "secrets bundle" | "machine config" | "talosconfig";

/** Looks at each file as what it is. Exit code 3 where an error was found; warnings are told and pass. */
export async function validate(context: CommandContext, options: ValidateOptions): Promise<number> {
  const { world, out } = context;
  const bundle = options.secrets === undefined ? undefined : await readBundle(world, options.secrets);
  const clock = { now: world.now(), expiringWithinMs: options.expiring };
  const files = await Promise.all(
    options.files.map(async (file) => {
      const bytes = await readInput(world, file);
      const kind = kindOf(new TextDecoder().decode(bytes));
      const findings = {
        "secrets bundle": () => lintSecretsBundle(bytes, clock),
        talosconfig: () => lintTalosconfig(bytes, clock),
        "machine config": () => lintMachineConfig(bytes, { ...clock, ...(bundle && { bundle }) }),
      }[kind]();
      return { file, kind, findings };
    }),
  );
  const rows = files.flatMap(({ file, findings }) => findings.map((finding) => rowOf(file, finding)));
  for (const { file, kind, findings } of files) {
    if (findings.length === 0) out.done(`${file}: a ${kind}, in order`);
  }
  out.data(
    { kind: "Validation", files },
    rows.length === 0 ? "" : { head: ["FILE", "SEVERITY", "WHERE", "WHAT", "SEE"], rows },
  );
  const wrong = files.some(({ findings }) => findings.some(({ severity }) => severity === "error"));
  return wrong ? EXIT.found : EXIT.ok;
}

function rowOf(file: string, { severity, path, message, code }: Finding): readonly string[] {
  return [file, severity, path, message, findingPage(code)];
}

/** By the keys at its top: the only thing that tells the three apart, whatever is wrong with the rest. */
function kindOf(text: string): FileKind {
  if (/^contexts?[ \t]*:|^[ \t]*(?:\{[ \t]*)?"contexts?"/m.test(text)) return "talosconfig";
  return /^(?:machine|version|kind|apiVersion)[ \t]*:/m.test(text) ? "machine config" : "secrets bundle";
}
