import { readCertificate, readCertificates, type Certificate } from "@talos-bridge/pki";
import { pemValues, SecretsBundleError } from "@talos-bridge/secrets-bundle";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { ERRORS, errorPage } from "../error-table.ts";
import { EXIT } from "../exit-code.ts";
import { readInput } from "../files.ts";
import { probeTls } from "../tls-probe.ts";
import { targetOf, type Target } from "./target.ts";

/** Certificates, keys or requests that stand together: a PEM text, one DER value, a field of a file. */
export interface Material {
  readonly target: Target;
  /** The field: `certs.os.crt`; "" where the target is nothing else. */
  readonly path: string;
  /** PEM or DER. What a server shows is DER each. */
  readonly parts: readonly (string | Uint8Array)[];
}

export interface Collected {
  readonly materials: readonly Material[];
  /** Targets that gave nothing. */
  readonly failed: number;
  /** Exit code of the worst of them; 0 where there is none. */
  readonly exit: number;
}

/** Targets that are opened at once: servers that do not answer take 10 s each. */
const AT_ONCE = 16;

/** Opens all targets; one that can't be opened or holds nothing is told, and the others go on. In the order that is given. */
export async function collect(context: CommandContext, texts: readonly string[]): Promise<Collected> {
  const materials: Material[] = [];
  let failed = 0;
  let exit: number = EXIT.ok;
  for (let from = 0; from < texts.length; from += AT_ONCE) {
    const group = texts.slice(from, from + AT_ONCE);
    for (const opened of await Promise.all(group.map((text) => tryOpen(context, text)))) {
      if (!(opened instanceof CliError)) {
        materials.push(...opened);
        continue;
      }
      context.out.fail(`${opened.message} (${opened.id}, see ${errorPage(opened.id)})`);
      failed++;
      exit = Math.max(exit, ERRORS[opened.id].exit);
    }
  }
  return { materials, failed, exit };
}

async function tryOpen(context: CommandContext, text: string): Promise<readonly Material[] | CliError> {
  try {
    return await open(context, await targetOf(text));
  } catch (error) {
    // Out of time, interrupted and a target of no form are no matter of one target.
    if (!(error instanceof CliError) || ERRORS[error.id].exit > EXIT.found || error.id === "TB1001") {
      throw error;
    }
    return error;
  }
}

/** Throws TB1002 and TB1007 for files, TB2001 and TB2005 for servers. */
async function open(context: CommandContext, target: Target): Promise<readonly Material[]> {
  if (target.kind === "server") {
    const { chain } = await probeTls(context, target.endpoint);
    return [{ target, path: "", parts: chain }];
  }
  const bytes = await readInput(context.world, target.path);
  if (bytes[0] === DER_SEQUENCE) return [{ target, path: "", parts: [bytes] }];
  // Without a byte order mark, as editors on Windows set it.
  return fieldsOf(target, new TextDecoder().decode(bytes));
}

const DER_SEQUENCE = 0x30;

function fieldsOf(target: Target, text: string): readonly Material[] {
  // A block at the beginning of a line is PEM's own; YAML has its blocks indented, or in base64.
  if (/^-----BEGIN /m.test(text)) return [{ target, path: "", parts: [text] }];
  try {
    const values = pemValues(text);
    if (values.length > 0) return values.map(({ path, pem }) => ({ target, path, parts: [pem] }));
  } catch (cause) {
    if (!(cause instanceof SecretsBundleError)) throw cause;
    throw new CliError("TB1007", `${target.text}: ${cause.message}`, { cause });
  }
  throw new CliError("TB1007", `${target.text}: no certificate, key or request in it`);
}

/** Where something stands, for people: the target, the field, and which of several. */
export function placeOf({ target, path, parts }: Material, index = 0, count = parts.length): string {
  const which = count > 1 ? ` [${index + 1}]` : "";
  return `${target.text}${path === "" ? "" : ` ${path}`}${which}`;
}

/** The certificates of a material, the leaf first; none where it is a key or a request. Throws PkiError. */
export function certificatesOf({ parts }: Material): readonly Certificate[] {
  return parts.flatMap((part) => {
    if (typeof part !== "string") return [readCertificate(part)];
    return CERTIFICATE.test(part) ? readCertificates(withoutOthers(part)) : [];
  });
}

const CERTIFICATE = /^-----BEGIN CERTIFICATE-----/m;

/**
 * Files of servers often have the key beside the certificate: it is left alone. Line by line, as one expression for whole blocks
 * takes the square of the time on text that begins many and ends none.
 */
function withoutOthers(pem: string): string {
  const kept: string[] = [];
  let inside: string | undefined;
  for (const line of pem.split("\n")) {
    inside ??= /^-----BEGIN (?!CERTIFICATE-----)(?<label>.+?)-----/.exec(line)?.groups?.["label"];
    if (inside === undefined) kept.push(line);
    else if (line.startsWith(`-----END ${inside}-----`)) inside = undefined;
  }
  // One that does not end is no block: whoever reads the text is to say so.
  return inside === undefined ? kept.join("\n") : pem;
}
