import { readFileSync } from "node:fs";
import { devNull } from "node:os";
import { commandLine } from "./command-line.ts";
import { secretsIn } from "./secrets-in.ts";

/** What a command line came to. */
export interface Verdict {
  readonly exit: number;
  /** The error, `TB1006`; "" where there is none. */
  readonly id: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where secrets may be: `secrets import --out -` is for printing them. */
export interface Purpose {
  readonly printsSecrets?: boolean;
  readonly now?: Date;
}

/**
 * Runs a command line over a file and throws where it comes to what none may come to: an exit code that is not documented, an
 * unexpected error, a stack, a failure that names no error, or a secret of the file on standard output or error.
 */
export async function carefulLine(
  argv: readonly string[],
  file: { readonly path: string } | { readonly bytes: Uint8Array },
  { printsSecrets = false, now = new Date("2024-01-01T00:00:00Z") }: Purpose = {},
): Promise<Verdict> {
  const bytes = "bytes" in file ? file.bytes : readFileSync(file.path);
  const env = { TALOS_BRIDGE_AUDIT_LOG: devNull };
  const { exit, stdout, stderr } = await commandLine(argv, { env, now, stdin: bytes });
  const id = /TB\d{4}/.exec(stderr)?.[0] ?? "";
  const wrong = (what: string): Error => new Error(`${argv.join(" ")}: ${what}`);
  if (![0, 1, 3].includes(exit)) throw wrong(`exit code ${exit}`);
  if (id === "TB1000") throw wrong("an unexpected error");
  if (/^\s+at /m.test(stdout + stderr)) throw wrong("a stack");
  if (exit === 1 && id === "" && !stdout.includes("ERR_")) throw wrong("failed without a word");
  const told = printsSecrets ? stderr : stdout + stderr;
  if (secretsIn(bytes).some((secret) => told.includes(secret))) throw wrong("tells a secret of the file");
  return { exit, id, stdout, stderr };
}
