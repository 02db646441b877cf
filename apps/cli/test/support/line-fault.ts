/** What a command line came to. */
export interface Outcome {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * What no command line over a file may come to, whatever is in the file: an exit code that is not documented, an unexpected
 * error, a stack, a failure that names no error, or a secret told. undefined where it is none of that.
 */
export function lineFault(
  { exit, stdout, stderr }: Outcome,
  tellsSecret: (told: string) => boolean,
  { printsSecrets = false }: { readonly printsSecrets?: boolean } = {},
): string | undefined {
  if (![0, 1, 3].includes(exit)) return `exit code ${exit}`;
  if (/\bTB1000\b/i.test(stderr)) return "an unexpected error";
  if (/^\s+at /m.test(stdout + stderr)) return "a stack";
  if (exit === 1 && !/\bTB\d{4}\b/.test(stderr) && !stdout.includes("ERR_")) return "failed without a word";
  return tellsSecret(printsSecrets ? stderr : stdout + stderr) ? "tells a secret of the file" : undefined;
}
