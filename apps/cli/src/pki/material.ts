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
  /** Exit code of the worst target that gave nothing; 0 where each gave something. */
  readonly exit: number;
}

/** Opens all targets; one that can't be opened or holds nothing is told, and the others go on. */
export async function collect(context: CommandContext, texts: readonly string[]): Promise<Collected> {
  const materials: Material[] = [];
  let exit: number = EXIT.ok;
  for (const text of texts) {
    try {
      materials.push(...(await open(context, await targetOf(text))));
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      const code = ERRORS[error.id].exit;
      // Out of time and interrupted are no matter of one target.
      if (code > EXIT.found) throw error;
      context.out.fail(`${error.message} (${error.id}, see ${errorPage(error.id)})`);
      exit = Math.max(exit, code);
    }
  }
  return { materials, exit };
}

/** Throws TB1002 and TB1007 for files, TB2001 and TB2005 for servers. */
async function open(context: CommandContext, target: Target): Promise<readonly Material[]> {
  if (target.kind === "server") {
    const { chain } = await probeTls(context, target.endpoint);
    return [{ target, path: "", parts: chain }];
  }
  const bytes = await readInput(context.world, target.path);
  if (bytes[0] === DER_SEQUENCE) return [{ target, path: "", parts: [bytes] }];
  return fieldsOf(target, Buffer.from(bytes).toString("utf8"));
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
const OTHER_BLOCK = /^-----BEGIN (?!CERTIFICATE-----)(?<label>[^\r\n]+?)-----[^]*?^-----END \k<label>-----/gm;

/** Files of servers often have the key beside the certificate: it is left alone. */
function withoutOthers(pem: string): string {
  return pem.replaceAll(OTHER_BLOCK, "");
}
