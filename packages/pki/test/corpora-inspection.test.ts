// What is told of certificates that nobody of this project wrote, beside what pkijs reads in them; and chains of the public web.
import { decodePem, encodePem } from "@talos-bridge/pem";
import { inspect, inspectCertificate, verifyPemChain, type CertificateInspection } from "@talos-bridge/pki";
import { AltName, Certificate as PkijsCertificate } from "pkijs";
import { describe, expect, test } from "vitest";
import { corpusFiles, hasCorpora, readCorpus } from "./support/corpora.ts";

const files = hasCorpora ? corpusFiles() : [];
const describeCorpora: (title: string, define: () => void) => void = hasCorpora ? describe : () => {};
if (!hasCorpora) test.skip("the corpora are not there", () => {});

function certificatesOf(path: string): readonly Uint8Array[] {
  const bytes = readCorpus(path);
  if (bytes[0] === 0x30) return [bytes];
  try {
    const blocks = decodePem(bytes, { textOutside: "ignore" });
    return blocks.filter(({ label }) => label === "CERTIFICATE").map(({ der }) => der);
  } catch {
    return [];
  }
}

function read<T>(reader: (der: Uint8Array) => T, der: Uint8Array): T | undefined {
  try {
    return reader(der);
  } catch {
    return undefined;
  }
}

/** What both readers can tell, in one shape. */
function shapeOf(told: CertificateInspection): object {
  const { serialNumber, notBefore, notAfter, extensions, dnsNames } = told;
  return {
    serialNumber,
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    ids: extensions.map(({ id, critical }) => `${id} ${critical}`),
    dnsNames: hasMalformedNames(told) ? [] : dnsNames,
  };
}

/** pkijs passes over what stands behind an extension's value. */
function hasMalformedNames({ extensions }: CertificateInspection): boolean {
  return extensions.some(({ name, text }) => name === "subjectAltName" && text === null);
}

function pkijsShapeOf(told: PkijsCertificate, mine: CertificateInspection): object {
  const serial = told.serialNumber.valueBlock.valueHexView;
  const number = BigInt.asIntN(8 * serial.length, BigInt(`0x${Buffer.from(serial).toString("hex")}`));
  const hex = (number < 0n ? -number : number).toString(16);
  const names = told.extensions?.find(({ extnID }) => extnID === "2.5.29.17")?.parsedValue;
  const altNames = names instanceof AltName ? names.altNames.filter(({ type }) => type === 2) : [];
  return {
    serialNumber: `${number < 0n ? "-" : ""}${hex.padStart(hex.length + (hex.length % 2), "0")}`,
    notBefore: timeOf(told.notBefore.value.toISOString()),
    notAfter: timeOf(told.notAfter.value.toISOString()),
    ids: (told.extensions ?? []).map(({ extnID, critical }) => `${extnID} ${critical}`),
    dnsNames: hasMalformedNames(mine) ? [] : altNames.map(({ value }): unknown => value),
  };
}

/** pkijs takes the first century for the twentieth, and times without seconds for times. */
const timeOf = (text: string | null): string | null => (text === null || text < "1950" ? null : text);

// Of two lists of extensions in one certificate pkijs reads the first.
const TWO_LISTS = /subjectaltname_repeated_outside/;

describeCorpora("inspection of the corpora's certificates", () => {
  const certificates = files
    .filter(({ kind }) => kind === "cert")
    .flatMap(({ path }) => certificatesOf(path).map((der) => ({ path, der })));

  test("what is told is what pkijs reads, where pkijs reads it", () => {
    const different: string[] = [];
    let compared = 0;
    for (const { path, der } of certificates) {
      const told = read(inspectCertificate, der);
      const theirs = read((bytes) => PkijsCertificate.fromBER(bytes), der);
      if (told === undefined || theirs === undefined) continue;
      compared++;
      if (JSON.stringify(shapeOf(told)) !== JSON.stringify(pkijsShapeOf(theirs, told))) different.push(path);
    }
    expect(different.filter((path) => !TWO_LISTS.test(path))).toEqual([]);
    expect(compared).toBeGreaterThan(1000);
  });

  test("what is called valid is told of, but where an identifier is empty", () => {
    const untold = files
      .filter(({ kind, expectation }) => kind === "cert" && expectation === "valid")
      .filter(({ path }) => certificatesOf(path).some((der) => read(inspectCertificate, der) === undefined));
    expect(untold.length).toBeLessThanOrEqual(10);
    for (const { path } of untold) {
      expect(path).toMatch(/^mbedtls\/cert_inline\//);
      expect(inspect(readCorpus(path))).toMatchObject([
        { kind: "unreadable", code: "ERR_PKI_DER", message: expect.stringContaining("OBJECT IDENTIFIER") },
      ]);
    }
  });
});

interface Testcase {
  readonly peer_certificate: string;
  readonly untrusted_intermediates: readonly string[];
  readonly trusted_certs: readonly string[];
  readonly validation_time: string;
  readonly expected_peer_name: { readonly value: string };
  readonly expected_result: "SUCCESS" | "FAILURE";
}

describeCorpora("chains of the public web", () => {
  const testcases = files.filter(({ kind }) => kind === "limbo-testcase");

  test("are there", () => {
    expect(testcases.length).toBeGreaterThan(10);
  });

  test.each(testcases)("$path", ({ path }) => {
    const testcase: Testcase = JSON.parse(readCorpus(path).toString());
    const question = {
      chain: testcase.peer_certificate + testcase.untrusted_intermediates.join(""),
      roots: testcase.trusted_certs.join(""),
      now: new Date(testcase.validation_time),
      usage: "serverAuth",
      name: testcase.expected_peer_name.value,
    } as const;
    expect(verifyPemChain(question).ok).toBe(testcase.expected_result === "SUCCESS");
    // And each part of the question counts.
    const others = [
      { ...question, now: new Date("2045-01-01T00:00:00Z") },
      { ...question, usage: "clientAuth", name: "unrelated.example" },
      {
        ...question,
        roots: encodePem("CERTIFICATE", decodePem(testcase.peer_certificate)[0]?.der ?? Buffer.of()),
      },
      { ...question, chain: testcase.peer_certificate },
    ] as const;
    expect(others.map((other) => verifyPemChain(other).ok)).toEqual([false, false, true, false]);
  });
});
