import { stat } from "node:fs/promises";
import { InvalidArgumentError } from "commander";
import { CliError } from "../cli-error.ts";
import { hostPort, type Endpoint } from "../endpoint.ts";

/** What a command is to look at: a file (`-` = standard input), or what a TLS server shows. */
export type Target =
  | { readonly kind: "file"; readonly text: string; readonly path: string }
  | { readonly kind: "server"; readonly text: string; readonly endpoint: Endpoint };

const parse = hostPort();
const SCHEME = "tls://";

/** A file that is there stands before an address; `tls://HOST:PORT` is always one. Throws TB1001 for what follows `tls://` and is none. */
export async function targetOf(text: string): Promise<Target> {
  const forced = text.startsWith(SCHEME);
  if (!forced && (text === "-" || (await isThere(text)))) return { kind: "file", text, path: text };
  try {
    return { kind: "server", text, endpoint: parse(forced ? text.slice(SCHEME.length) : text) };
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause;
    if (forced) throw new CliError("TB1001", `${text}: it must be ${SCHEME}HOST:PORT`, { cause });
    return { kind: "file", text, path: text };
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
