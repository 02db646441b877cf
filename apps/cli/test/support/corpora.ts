import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const beside = new URL("../../../../../shared/corpora", import.meta.url).pathname;

/** Folder of files that nobody of this project wrote; read in place. */
export const CORPORA = process.env["TALOS_BRIDGE_CORPORA"] ?? beside;
export const hasCorpora = existsSync(join(CORPORA, "MANIFEST.tsv"));

/** A file, and what others say of it. */
export interface CorpusFile {
  /** Below the folder. */
  readonly name: string;
  readonly path: string;
  readonly kind: string;
  /** Its source's word: valid, invalid, unknown. */
  readonly expectation: string;
  /** What Go's crypto/x509 says of a certificate, request or key: `ok`, `ok …`, `error: …`; "" where it was not asked. */
  readonly go: string;
}

/** All files, by MANIFEST.tsv and OBSERVED.tsv; none where the corpora are not there. */
export function corpusFiles(): readonly CorpusFile[] {
  if (!hasCorpora) return [];
  const observed = new Map(rowsOf("OBSERVED.tsv").map(([name = "", , , go = ""]) => [name, go]));
  return rowsOf("MANIFEST.tsv").map(([name = "", , , kind = "", expectation = ""]) => ({
    name,
    path: join(CORPORA, name),
    kind,
    expectation,
    go: observed.get(name) ?? "",
  }));
}

function rowsOf(table: string): readonly (readonly string[])[] {
  const lines = readFileSync(join(CORPORA, table), "utf8").trimEnd().split("\n");
  return lines.slice(1).map((line) => line.split("\t"));
}
