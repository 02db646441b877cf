import { encodePem } from "@talos-bridge/pem";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const beside = new URL("../../../../../shared/corpora", import.meta.url).pathname;

/** Folder of files that nobody of this project wrote; read in place. */
export const CORPORA = process.env["TALOS_BRIDGE_CORPORA"] ?? beside;
export const hasCorpora = existsSync(join(CORPORA, "MANIFEST.tsv"));

/** One row of MANIFEST.tsv. */
export interface CorpusFile {
  readonly path: string;
  readonly kind: string;
  readonly expectation: string;
}

export function corpusFiles(): readonly CorpusFile[] {
  const rows = readFileSync(join(CORPORA, "MANIFEST.tsv"), "utf8").trimEnd().split("\n").slice(1);
  return rows.map((row) => {
    const [path = "", , , kind = "", expectation = ""] = row.split("\t");
    return { path, kind, expectation };
  });
}

export const readCorpus = (path: string): Buffer => readFileSync(join(CORPORA, path));

/** A file as PEM: DER gets this label, what is no DER stays as it is. */
export function asPem(label: string, bytes: Buffer): Uint8Array {
  return bytes[0] === 0x30 ? Buffer.from(encodePem(label, bytes)) : bytes;
}
