import { stat } from "node:fs/promises";
import { InvalidArgumentError } from "commander";
import { hostPort, type Endpoint } from "../endpoint.ts";

/** What a command is to look at: a file (`-` = standard input), or what a TLS server shows. */
export type Target =
  | { readonly kind: "file"; readonly text: string; readonly path: string }
  | { readonly kind: "server"; readonly text: string; readonly endpoint: Endpoint };

const parse = hostPort();

/** A file that is there stands before an address; `tls://HOST:PORT` is always one. */
export async function targetOf(text: string): Promise<Target> {
  const address = text.replace(/^tls:\/\//, "");
  const file = { kind: "file", text, path: text } as const;
  if (address === text && (text === "-" || (await isThere(text)))) return file;
  try {
    return { kind: "server", text, endpoint: parse(address) };
  } catch (error) {
    if (error instanceof InvalidArgumentError) return file;
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
