import { convertPrivateKey, PkiError, type KeyFormat } from "@talos-bridge/pki";
import { keyFingerprintOf, recordAct } from "../act-log.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { readText, writeOutput } from "../files.ts";

export interface ConvertOptions {
  readonly file: string;
  readonly to: KeyFormat;
  readonly out: string;
  readonly force: boolean;
}

/** Writes a private key in another format; the key stays the same. It may be a CA's, so the act is written down before. */
export async function convertKey({ world, out }: CommandContext, options: ConvertOptions): Promise<void> {
  const { file, to, force } = options;
  const text = await readText(world, file);
  let pem;
  try {
    pem = convertPrivateKey(text.includes("-----BEGIN ") ? text : fromBase64(text), to);
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new CliError("TB1007", `${file}: ${cause.message}`, { cause });
  }
  await recordAct(world, { act: "convert-key", publicKey: keyFingerprintOf(pem), to, out: options.out });
  await writeOutput(world, options.out, pem, { force });
  if (options.out !== "-") out.done(`${options.out} (0600)`);
}

/** As the value stands in a secrets bundle. */
function fromBase64(text: string): string {
  return Buffer.from(text.replaceAll(/\s/g, ""), "base64").toString("latin1");
}
