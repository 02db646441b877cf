// Files that nobody of this project wrote, in TALOS_BRIDGE_CORPORA or shared/corpora beside the checkout. Without them this
// file is skipped.
import { decodePem } from "@talos-bridge/pem";
import {
  loadCertificateAuthority,
  PkiError,
  readCertificate,
  readCertificateRequest,
  readCertificates,
} from "@talos-bridge/pki";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { asPem, CORPORA, corpusFiles, hasCorpora, readCorpus, type CorpusFile } from "./support/corpora.ts";
import { meaningOf, signFor } from "./support/issue.ts";

const LABEL = "CERTIFICATE REQUEST";
const files = hasCorpora ? corpusFiles() : [];
const requests = files.filter(({ kind }) => kind === "csr");

const describeCorpora: (title: string, define: () => void) => void = hasCorpora ? describe : () => {};
// One line in the count instead of one a test.
if (!hasCorpora) test.skip("the corpora are not there", () => {});

/** `ok` or the code. A file that has text around its request is read without that text. */
function verdictOf({ path }: CorpusFile): string {
  const bytes = readCorpus(path);
  const verdicts = [asPem(LABEL, bytes), withoutText(bytes)].map((pem) => {
    try {
      readCertificateRequest(pem);
      return "ok";
    } catch (error) {
      return error instanceof PkiError ? error.code : `crash: ${String(error)}`;
    }
  });
  return verdicts.find((verdict) => verdict !== "ERR_PKI_PEM") ?? "ERR_PKI_PEM";
}

function withoutText(bytes: Buffer): Uint8Array {
  try {
    const [block] = decodePem(bytes, { textOutside: "ignore" });
    return block === undefined ? bytes : asPem(block.label, Buffer.from(block.der));
  } catch {
    return bytes;
  }
}

/** What other readers said of a file, by its path. */
function observed(): ReadonlyMap<string, { go: string; goSignature: string }> {
  const rows = readFileSync(join(CORPORA, "OBSERVED.tsv"), "utf8").trimEnd().split("\n").slice(1);
  return new Map(
    rows.map((row) => {
      const [path = "", , , go = "", goSignature = ""] = row.split("\t");
      return [path, { go, goSignature }];
    }),
  );
}

// Called invalid by its source, and signed on purpose.
const SIGNED_THOUGH_INVALID = [
  // Row 13 of docs/threat-model.md: primes that lie close together harm the node that made them; trustd signs it too.
  "boulder/fermat_csr.pem",
];

// Called valid by its source, and refused on purpose: the codes, by the row of docs/threat-model.md that asks for it.
const REFUSED_THOUGH_VALID: Readonly<Record<string, number>> = {
  ERR_PKI_SIGNATURE_ALGORITHM: 10,
  ERR_PKI_KEY_WEAK: 11,
  ERR_PKI_VERSION: 15,
};

describeCorpora("requests of the corpora", () => {
  test("are there", () => {
    expect(requests.length).toBeGreaterThan(150);
  });

  test("none that is invalid is signed, but for those listed", () => {
    const invalid = requests.filter(({ expectation }) => expectation === "invalid");
    expect(invalid.length).toBeGreaterThan(40);
    const signed = invalid.filter((file) => verdictOf(file) === "ok");
    expect(signed.map(({ path }) => path)).toEqual(SIGNED_THOUGH_INVALID);
  });

  test("one that is valid is signed, or refused for a reason of the threat model", () => {
    const verdicts = requests.filter(({ expectation }) => expectation === "valid").map(verdictOf);
    const refused = new Set(verdicts.filter((verdict) => verdict !== "ok"));
    expect([...refused].toSorted()).toEqual(Object.keys(REFUSED_THOUGH_VALID).toSorted());
    expect(verdicts.filter((verdict) => verdict === "ok").length).toBeGreaterThan(45);
  });

  test("one that is signed is read and verified by Go too", () => {
    const go = observed();
    const signed = requests.filter((file) => verdictOf(file) === "ok").map(({ path }) => go.get(path));
    expect(signed.length).toBeGreaterThan(55);
    expect(signed.every((each) => each?.go === "ok" && each.goSignature === "ok")).toBe(true);
  });
});

const genuine = requests.filter(({ path }) => path.startsWith("siderolabs_crypto_output/"));

describeCorpora("requests that Talos's own code made", () => {
  test("are there", () => {
    expect(genuine.length).toBeGreaterThanOrEqual(18);
  });

  test.each(genuine)("$path: signed, and as trustd signs it", async ({ path }) => {
    const loaded = loadCertificateAuthority({
      certificates: readCorpus(join(dirname(path), "ca.crt")),
      key: readCorpus(join(dirname(path), "ca.key")),
    });
    if (!loaded.ok) throw new Error("CA not loaded");
    const { certificate } = await signFor(readCorpus(path), loaded.issuing);
    const [wanted] = readCertificates(readCorpus(path.replace(".csr", ".trustd.crt")));
    expect(meaningOf(certificate)).toEqual(wanted && meaningOf(wanted));
  });
});

// Go refuses these for extensions that are not read here: they concern chains of the public web, never Talos's.
const READ_THOUGH_GO_REFUSES: readonly RegExp[] = [
  /^error: x509: invalid certificate policies$/,
  /^error: x509: invalid NameConstraints extension$/,
  /^error: x509: IP constraint contained /,
  /^error: x509: (?:authority key identifier|subject key identifier|authority info access) incorrectly marked critical$/,
  /^error: x509: invalid RDNSequence: invalid attribute value: unsupported string type: 28$/,
];

describeCorpora("certificates of the corpora", () => {
  const certificates = files.filter(({ kind, path }) => kind === "cert" && !path.includes("with_garbage"));

  test("one that is read here is read by Go too, but for the reasons listed", () => {
    const go = observed();
    const unexpected: string[] = [];
    let read = 0;
    for (const { path } of certificates) {
      const bytes = withoutText(readCorpus(path));
      try {
        const der = bytes[0] === 0x30 ? bytes : decodePem(bytes)[0]?.der;
        if (der === undefined) continue;
        readCertificate(der);
      } catch {
        continue;
      }
      read++;
      const said = go.get(path)?.go ?? "error: no verdict";
      if (said !== "ok" && !READ_THOUGH_GO_REFUSES.some((reason) => reason.test(said)))
        unexpected.push(`${path}: ${said}`);
    }
    expect(unexpected).toEqual([]);
    expect(read).toBeGreaterThan(700);
  });
});

interface Seen {
  readonly files: number;
  readonly crashes: readonly string[];
  readonly slowest: { readonly path: string; readonly parser: string; readonly ms: number };
  readonly accepted: Readonly<Record<string, number>>;
}

describeCorpora("every file of the corpora through every parser", () => {
  test("in a heap of 64 MB: no crash, at most 250 ms of processor time each", () => {
    const child = join(import.meta.dirname, "support/read-corpora.ts");
    const args = ["--conditions=@talos-bridge/source", "--max-old-space-size=64", child];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      env: { ...process.env, TALOS_BRIDGE_CORPORA: CORPORA },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const seen: Seen = JSON.parse(stdout);
    expect(seen.files).toBe(files.length);
    expect(seen.crashes).toEqual([]);
    expect(seen.slowest.ms).toBeLessThanOrEqual(250);
    // Each parser had something to accept: else it was never more than knocked at.
    expect(Object.values(seen.accepted).every((count) => count >= 10)).toBe(true);
    expect(Object.keys(seen.accepted).length).toBe(20);
  }, 60_000);
});
