import { readFileSync } from "node:fs";
import { devNull } from "node:os";
import { commandLine } from "./command-line.ts";
import { lineFault, type Outcome } from "./line-fault.ts";
import { secretsIn } from "./secrets-in.ts";

/** An outcome, and the error that standard error names, such as `TB1006`; "" where it names none. */
export type Verdict = Outcome & { readonly id: string };

/** Files were made in 2023, or ten years are not over. */
const NOW = new Date("2024-01-01T00:00:00Z");

/** Runs a command line over a file, and throws where it comes to what none may come to: see {@link lineFault}. */
export async function carefulLine(
  argv: readonly string[],
  file: { readonly path: string } | { readonly bytes: Uint8Array },
  purpose: { readonly printsSecrets?: boolean } = {},
): Promise<Verdict> {
  const bytes = "bytes" in file ? file.bytes : readFileSync(file.path);
  const outcome = await commandLine(argv, { env: { TALOS_BRIDGE_AUDIT_LOG: devNull }, now: NOW });
  const secrets = secretsIn(bytes);
  const fault = lineFault(outcome, (told) => secrets.some((secret) => told.includes(secret)), purpose);
  if (fault !== undefined) throw new Error(`${argv.join(" ")}: ${fault}`);
  return { ...outcome, id: /TB\d{4}/.exec(outcome.stderr)?.[0] ?? "" };
}
