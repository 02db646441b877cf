// `pki inspect` and `pki verify` over certificates, requests and keys that nobody of this project wrote, beside what their
// sources and Go say. In TALOS_BRIDGE_CORPORA or shared/corpora beside the checkout; without them this file is skipped.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { carefulLine } from "./support/careful-line.ts";
import { CORPORA, corpusFiles, hasCorpora, type CorpusFile } from "./support/corpora.ts";

const describeCorpora: (title: string, define: () => void) => void = hasCorpora ? describe : () => {};
// One line in the count instead of one a test.
if (!hasCorpora) test.skip("the corpora are not there", () => {});

const files = corpusFiles();
const ofKind = (kind: string): readonly CorpusFile[] => files.filter((file) => file.kind === kind);
const goReads = ({ go }: CorpusFile): boolean => /^ok\b/.test(go);

interface Inspected {
  readonly exit: number;
  readonly kinds: readonly string[];
}

/** What stands in a file; where something can't be read, its error stands for it. */
async function inspect({ path }: CorpusFile): Promise<Inspected> {
  const { exit, stdout } = await carefulLine(["pki", "inspect", path, "-o", "json"], { path });
  const { items }: { items: readonly { kind: string; code?: string }[] } = JSON.parse(stdout);
  return { exit, kinds: items.map(({ kind, code }) => code ?? kind) };
}

/** All files of a kind, each with what stands in it. */
async function inspected(kind: string): Promise<readonly (CorpusFile & Inspected)[]> {
  const all: (CorpusFile & Inspected)[] = [];
  for (const file of ofKind(kind)) all.push({ ...file, ...(await inspect(file)) });
  return all;
}

interface Verification {
  readonly certificates: readonly {
    readonly place: string;
    readonly ok: boolean;
    readonly problem?: { readonly id: string };
  }[];
}

/** Exit code and the ids of the problems. */
async function verify(
  { path }: CorpusFile,
  ca: string,
  ...more: readonly string[]
): Promise<{ readonly exit: number; readonly problems: readonly string[] }> {
  const argv = ["pki", "verify", path, "--ca", ca, ...more, "-o", "json"];
  const { exit, stdout } = await carefulLine(argv, { path });
  if (stdout === "") return { exit, problems: [] };
  const { certificates }: Verification = JSON.parse(stdout);
  return {
    exit,
    problems: certificates.flatMap(({ problem }) => (problem === undefined ? [] : [problem.id])),
  };
}

/** Why a file that others read is refused here, by its name. */
type Reasons = readonly (readonly [name: RegExp, why: string])[];

/** Names of those files that no reason is listed for, and reasons that no file has. */
function unexplained(found: readonly CorpusFile[], reasons: Reasons): readonly string[] {
  const missing = found.filter(({ name }) => !reasons.some(([pattern]) => pattern.test(name)));
  const idle = reasons.filter(([pattern]) => !found.some(({ name }) => pattern.test(name)));
  return [...missing.map(({ name }) => name), ...idle.map(([pattern]) => `no file for ${pattern.source}`)];
}

const NOT_STRICT_PEM = "white space, line ends or padding that RFC 7468's strict form does not have";
const HEADERS = "headers of RFC 1421, as old encrypted keys have: told as such";

describeCorpora("certificates", () => {
  const certificates = ofKind("cert");

  test("are there", () => {
    expect(certificates.length).toBeGreaterThan(1_300);
  });

  test("one that its source calls valid, or that Go reads, is shown; or refused for a reason of this list", async () => {
    const all = await inspected("cert");
    const shown = all.filter(({ exit, kinds }) => exit === 0 && kinds.includes("certificate"));
    expect(shown.length).toBeGreaterThan(1_000);
    const refused = all.filter(({ exit }) => exit !== 0);
    expect(
      unexplained(refused.filter(goReads), [
        [/many_names3\.pem$/, "more names than the limits of one certificate allow"],
        [
          /(?:server7_all_space|server7_pem_space|test-int-ca3-badsign)\.crt$|server10_int3-bs\.pem$/,
          NOT_STRICT_PEM,
        ],
        [
          /chain_with_garbage\.pem$/,
          "a body with bytes behind the certificate; the others of the file are shown",
        ],
        [/with_headers\.pem$/, HEADERS],
      ]),
    ).toEqual([]);
    expect(
      unexplained(
        refused.filter((file) => file.expectation === "valid" && !goReads(file)),
        [
          [
            /^mbedtls\/cert_inline\//,
            "a serial number with superfluous octets, which is no DER: Go refuses it too",
          ],
        ],
      ),
    ).toEqual([]);
  });

  // A stranger to all but those it issued, and named as the CA of every Talos cluster is.
  const stranger = join(CORPORA, "siderolabs_crypto_output/ecdsa-p256/ca.crt");
  const whenItIsValid = ["--at", "2026-11-22T00:00:00Z"];

  test("none verifies with a CA that did not issue it", async () => {
    const paths = certificates.map(({ path }) => path);
    const argv = ["pki", "verify", ...paths, "--ca", stranger, ...whenItIsValid, "-o", "json"];
    const { stdout } = await carefulLine(argv, {
      bytes: Buffer.concat(paths.map((path) => readFileSync(path))),
    });
    const { certificates: verdicts }: Verification = JSON.parse(stdout);
    expect(verdicts.length).toBeGreaterThan(1_200);
    const folders = verdicts.filter(({ ok }) => ok).map(({ place }) => dirname(place));
    expect([...new Set(folders)]).toEqual([dirname(stranger)]);
  });

  test("none that Go refuses verifies with itself as the CA, but for the reasons listed", async () => {
    const verified: CorpusFile[] = [];
    for (const file of certificates) {
      if ((await verify(file, file.path)).exit === 0) verified.push(file);
    }
    expect(verified.length).toBeGreaterThan(100);
    // They concern chains of the public web: neither extension is read here, and no CA of Talos has it.
    const reasons = /^error: x509: invalid (?:certificate policies|NameConstraints extension)$/;
    expect(
      verified.filter((file) => !goReads(file) && !reasons.test(file.go)).map(({ name }) => name),
    ).toEqual([]);
  });

  const issued = certificates.filter(({ name }) => /^siderolabs_crypto_output\/.*\.trustd\.crt$/.test(name));

  test("what trustd issued verifies with its own CA, and with that of another cluster it does not", async () => {
    expect(issued.length).toBeGreaterThanOrEqual(18);
    for (const file of issued) {
      const at = ["--at", "2026-11-22T12:00:00Z", "--usage", "server"];
      const own = join(dirname(file.path), "ca.crt");
      expect({ name: file.name, ...(await verify(file, own, ...at)) }).toMatchObject({
        exit: 0,
        problems: [],
      });
      const foreign = join(CORPORA, "siderolabs_crypto_output/rsa-4096/ca.crt");
      if (own === foreign) continue;
      expect(await verify(file, foreign, ...at)).toEqual({ exit: 3, problems: ["other-key"] });
    }
  });
});

describeCorpora("requests", () => {
  test("one that its source calls valid is shown; what is refused is called invalid", async () => {
    const all = await inspected("csr");
    const shown = all.filter(({ exit, kinds }) => exit === 0 && kinds.join(" ") === "certificate-request");
    expect(shown.length).toBeGreaterThan(120);
    const others = all.filter((file) => !shown.includes(file));
    expect(others.filter(({ expectation }) => expectation !== "invalid").map(({ name }) => name)).toEqual([]);
  });
});

describeCorpora("keys and other PEM", () => {
  test.each([
    {
      kind: "key-private",
      reasons: [[/chosen_header\.pem$|ssh_rsa_pem_password\.pem$/, HEADERS]],
    },
    {
      kind: "key-encrypted",
      reasons: [
        [/_algid(?:-no-param)?\.der$/, "the name of an algorithm alone, and no key"],
        [/rsa_pkcs1_\d+_aes\d+\.pem$|server5\.key\.enc$|openssl\..*\.enc\.pem$/, HEADERS],
        [/^pyca_cryptography\/asymmetric\/(?:PEM|Traditional_OpenSSL)_Serialization\//, HEADERS],
      ],
    },
    {
      kind: "key-public",
      reasons: [[/openssh\..*\.pub\.pem$/, "OpenSSH's one line, which is no PEM"]],
    },
    {
      kind: "pem",
      reasons: [
        [/01_pem_read_unencrypted_valid\.pem$/, "neither certificate, key nor request"],
        [/(?:aes_128_cbc|dsa-trailingwhitespace)\.pem$/, HEADERS],
        [/beermug\.pem$|cert-infixwhitespace\.pem$|mixed-line-endings\.crt$/, NOT_STRICT_PEM],
      ],
    },
  ] satisfies { kind: string; reasons: Reasons }[])(
    "one of the kind $kind that its source calls valid is shown, or refused for a reason of this list",
    async ({ kind, reasons }) => {
      const valid = (await inspected(kind)).filter(({ expectation }) => expectation === "valid");
      expect(valid.filter(({ exit }) => exit === 0).length).toBeGreaterThan(20);
      expect(
        unexplained(
          valid.filter(({ exit }) => exit !== 0),
          reasons,
        ),
      ).toEqual([]);
    },
  );
});
