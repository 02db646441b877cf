// Rows 14 to 18 of docs/threat-model.md: what is read, and what only looks like it.
import { decodeSinglePem, encodePem } from "@talos-bridge/pem";
import { PkiError, readCertificateRequest } from "@talos-bridge/pki";
import { describe, expect, test } from "vitest";
import {
  altNames,
  bool,
  der,
  dns,
  extension,
  hex,
  int,
  ip,
  name,
  nil,
  oid,
  octets,
  seq,
  set,
  text,
} from "./support/der.ts";
import { CA_TYPES, codeOf, fixture } from "./support/fixtures.ts";
import { signFor } from "./support/issue.ts";
import { attributesOf, requestDer, requestPem, type RequestParts } from "./support/request.ts";

const codeFor = (parts: RequestParts): string => codeOf(() => readCertificateRequest(requestPem(parts)));
const codeOfDer = (bytes: Uint8Array): string =>
  codeOf(() => readCertificateRequest(encodePem("CERTIFICATE REQUEST", bytes)));
const nested = (depth: number): Buffer => {
  let value: Buffer = seq();
  for (let i = 1; i < depth; i++) value = seq(value);
  return value;
};
const san = altNames(dns("worker-1"));

describe("row 14: nested and endless ASN.1", () => {
  // An attribute's value begins at depth 6: request, info, attributes, attribute, values, value.
  const attribute = (value: Uint8Array): RequestParts => ({
    attributes: der(0xa0, seq(oid("unknown"), set(value))),
  });
  const rows: { name: string; pem: string; want: string }[] = [
    { name: "18 levels inside an attribute: 23 in all", pem: requestPem(attribute(nested(18))), want: "ok" },
    {
      name: "19 levels inside an attribute: 24 in all",
      pem: requestPem(attribute(nested(19))),
      want: "ERR_PKI_DER",
    },
    { name: "5,000 levels", pem: requestPem(attribute(nested(5_000))), want: "ERR_PKI_DER" },
    {
      name: "5,000 levels inside an alternative name",
      pem: requestPem({ extensions: [altNames(der(0xa4, nested(5_000)))] }),
      want: "ERR_PKI_DER",
    },
    {
      name: "4,096 values",
      pem: requestPem(attribute(seq(...Array.from({ length: 4_096 }, nil)))),
      want: "ERR_PKI_DER",
    },
    {
      name: "3,900 values",
      pem: requestPem(attribute(seq(...Array.from({ length: 3_900 }, nil)))),
      want: "ok",
    },
    {
      name: "10,000 empty relative names",
      pem: requestPem({ subject: seq(...Array.from({ length: 10_000 }, () => set())) }),
      want: "ERR_PKI_DER",
    },
  ];
  test.each(rows)("$name: $want", ({ pem, want }) => {
    expect(codeOf(() => readCertificateRequest(pem))).toBe(want);
  });

  // step-ca CVE-2026-40097 and its like: sequences that are there and empty.
  const empty: { name: string; parts: RequestParts; want: string }[] = [
    {
      name: "an empty extendedKeyUsage",
      parts: { extensions: [extension("extendedKeyUsage", seq())] },
      want: "ok",
    },
    { name: "an empty subjectAltName", parts: { extensions: [altNames()] }, want: "ok" },
    {
      name: "a subjectAltName without content",
      parts: { extensions: [extension("subjectAltName", Buffer.of())] },
      want: "ERR_PKI_DER",
    },
    {
      name: "an empty list of extensions",
      parts: { attributes: der(0xa0, seq(oid("extensionRequest"), set(seq()))) },
      want: "ok",
    },
    {
      name: "no list of extensions",
      parts: { attributes: der(0xa0, seq(oid("extensionRequest"), set())) },
      want: "ERR_PKI_STRUCTURE",
    },
    { name: "an empty extension", parts: { extensions: [seq()] }, want: "ERR_PKI_STRUCTURE" },
    {
      name: "an extension without a value",
      parts: { extensions: [seq(oid("unknown"))] },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "an identifier with an arc of 2^31, which Go refuses",
      parts: { attributes: der(0xa0, seq(der(0x06, hex("2a8880808000")), set())) },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "an identifier with an arc of 2^31 - 1",
      parts: { attributes: der(0xa0, seq(der(0x06, hex("2a87ffffff7f")), set())) },
      want: "ok",
    },
    { name: "an empty attribute", parts: { attributes: der(0xa0, seq()) }, want: "ERR_PKI_STRUCTURE" },
    { name: "an empty relative name", parts: { subject: seq(set()) }, want: "ok" },
    { name: "an empty name attribute", parts: { subject: seq(set(seq())) }, want: "ERR_PKI_STRUCTURE" },
    {
      name: "a CN without text",
      parts: { subject: seq(set(seq(oid("commonName")))) },
      want: "ERR_PKI_STRUCTURE",
    },
    { name: "an empty key", parts: { spki: seq() }, want: "ERR_PKI_STRUCTURE" },
    { name: "an empty algorithm", parts: { algorithm: seq() }, want: "ERR_PKI_STRUCTURE" },
  ];
  test.each(empty)("$name: $want", ({ parts, want }) => {
    expect(codeFor(parts)).toBe(want);
  });

  test.each([seq(), seq(seq()), seq(seq(), seq()), seq(int("00")), nil(), set()])(
    "a request of little: %s",
    (bytes) => {
      expect(codeOfDer(bytes)).toBe("ERR_PKI_STRUCTURE");
    },
  );

  test("cut off at any byte", () => {
    const whole = requestDer({ extensions: [san] });
    const codes = new Set(
      Array.from(whole.subarray(1), (_, index) => codeOfDer(whole.subarray(0, index + 1))),
    );
    expect([...codes]).toEqual(["ERR_PKI_DER"]);
  });
});

describe("row 15: two parsers must not read two things", () => {
  const rows: { name: string; parts: RequestParts; want: string }[] = [
    { name: "version 1", parts: { version: int("01") }, want: "ERR_PKI_VERSION" },
    { name: "version 5", parts: { version: int("05") }, want: "ERR_PKI_VERSION" },
    { name: "version -1", parts: { version: int("ff") }, want: "ERR_PKI_VERSION" },
    { name: "version 0 in two bytes", parts: { version: int("0000") }, want: "ERR_PKI_DER" },
    { name: "no version", parts: { version: Buffer.of() }, want: "ERR_PKI_STRUCTURE" },
    { name: "version as BOOLEAN", parts: { version: bool(0) }, want: "ERR_PKI_STRUCTURE" },
    { name: "something behind the attributes", parts: { moreInfo: nil() }, want: "ERR_PKI_STRUCTURE" },
    { name: "attributes twice", parts: { moreInfo: der(0xa0) }, want: "ERR_PKI_STRUCTURE" },
    { name: "no attributes", parts: { attributes: Buffer.of() }, want: "ERR_PKI_STRUCTURE" },
    { name: "attributes under [1]", parts: { attributes: der(0xa1) }, want: "ERR_PKI_STRUCTURE" },
    { name: "something behind the signature", parts: { moreRequest: nil() }, want: "ERR_PKI_STRUCTURE" },
    { name: "an extension twice", parts: { extensions: [san, san] }, want: "ERR_PKI_DUPLICATE" },
    {
      name: "an ignored extension twice",
      parts: { extensions: [extension("keyUsage", nil()), extension("keyUsage", nil())] },
      want: "ERR_PKI_DUPLICATE",
    },
    {
      name: "extensions in two attributes",
      parts: { attributes: der(0xa0, request(san), request(san)) },
      want: "ERR_PKI_DUPLICATE",
    },
    {
      name: "an ignored attribute twice",
      parts: { attributes: der(0xa0, challenge(), challenge()) },
      want: "ERR_PKI_DUPLICATE",
    },
    {
      name: "two lists of extensions in one attribute",
      parts: { attributes: der(0xa0, seq(oid("extensionRequest"), set(seq(san), seq(san)))) },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "critical TRUE",
      parts: { extensions: [extension("subjectAltName", seq(dns("a")), bool(0xff))] },
      want: "ok",
    },
    {
      name: "critical FALSE written out",
      parts: { extensions: [extension("subjectAltName", seq(dns("a")), bool(0))] },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "critical 01",
      parts: { extensions: [extension("subjectAltName", seq(dns("a")), bool(1))] },
      want: "ERR_PKI_DER",
    },
    {
      name: "an extension of four parts",
      parts: { extensions: [seq(oid("unknown"), octets(nil()), nil())] },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "bytes behind the alternative names",
      parts: { extensions: [extension("subjectAltName", Buffer.concat([seq(dns("a")), nil()]))] },
      want: "ERR_PKI_DER",
    },
    {
      name: "BER inside the alternative names",
      parts: { extensions: [extension("subjectAltName", hex("3080 820161 0000"))] },
      want: "ERR_PKI_DER",
    },
    {
      name: "a constructed DNS name",
      parts: { extensions: [altNames(der(0xa2, dns("a")))] },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "a constructed address",
      parts: { extensions: [altNames(der(0xa7, octets(hex("0a050004"))))] },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "a primitive directory name",
      parts: { extensions: [altNames(der(0x84, Buffer.of()))] },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "alternative names as SET",
      parts: { extensions: [extension("subjectAltName", set(dns("a")))] },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "a relative name as SEQUENCE",
      parts: { subject: seq(seq(seq(oid("commonName"), text(0x0c, "a")))) },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "two CNs",
      parts: { subject: name(["commonName", "a"], ["commonName", "b"]) },
      want: "ERR_PKI_DUPLICATE",
    },
    {
      name: "three parts in a name attribute",
      parts: { subject: seq(set(seq(oid("commonName"), text(0x0c, "a"), nil()))) },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "an attribute of three parts",
      parts: { attributes: der(0xa0, seq(oid("unknown"), set(), nil())) },
      want: "ERR_PKI_STRUCTURE",
    },
  ];
  test.each(rows)("$name: $want", ({ parts, want }) => {
    expect(codeFor(parts)).toBe(want);
  });

  const good = requestDer({ extensions: [san] });
  const shapes: { name: string; bytes: Uint8Array }[] = [
    { name: "a byte behind the request", bytes: Buffer.concat([good, Buffer.of(0)]) },
    { name: "the request twice", bytes: Buffer.concat([good, good]) },
    {
      name: "an indefinite length",
      bytes: Buffer.concat([Buffer.of(0x30, 0x80), good.subarray(3), Buffer.of(0, 0)]),
    },
    {
      name: "a length in more bytes than needed",
      bytes: Buffer.concat([Buffer.of(0x30, 0x82, 0), good.subarray(2)]),
    },
  ];
  test.each(shapes)("$name", ({ bytes }) => {
    expect(good[1]).toBe(0x81);
    expect(codeOfDer(bytes)).toBe("ERR_PKI_DER");
  });

  test.each(CA_TYPES)("what Talos's own code writes passes: %s", (type) => {
    const requests = ["worker", "admin"].map((each) => fixture(`${type}/${each}.csr`));
    expect(requests.map((pem) => codeOf(() => readCertificateRequest(pem)))).toEqual(["ok", "ok"]);
  });
});

function request(...extensions: Uint8Array[]): Buffer {
  return seq(oid("extensionRequest"), set(seq(...extensions)));
}

function challenge(): Buffer {
  return seq(oid("challengePassword"), set(text(0x0c, "x")));
}

describe("row 16: what is not known is ignored, counted and never copied", () => {
  test("a critical extension", async () => {
    const asked = extension("unknown", text(0x0c, "secret"), bool(0xff));
    const { request: read, certificate } = await signFor(requestPem({ extensions: [san, asked] }));
    expect(read.dropped).toEqual(["extension"]);
    expect(Buffer.from(certificate.der).includes("secret")).toBe(false);
    expect(certificate.dnsNames).toEqual(["worker-1"]);
  });

  test("an attribute", async () => {
    const attributes = der(0xa0, challenge(), attributesOf([san]).subarray(2));
    const { request: read, certificate } = await signFor(requestPem({ attributes }));
    expect(read.dropped).toEqual(["attribute"]);
    expect(certificate.dnsNames).toEqual(["worker-1"]);
  });
});

describe("row 17: common names", () => {
  const UTF8 = 0x0c;
  const rows: { name: string; value: string | Uint8Array; tag?: number; want: string }[] = [
    { name: "UTF8String", value: "worker-1", want: "ok" },
    { name: "UTF8String outside ASCII", value: "knoten-ü", want: "ok" },
    { name: "PrintableString", value: "worker-1", tag: 0x13, want: "ok" },
    { name: "PrintableString outside its alphabet", value: "a@b", tag: 0x13, want: "ERR_PKI_STRUCTURE" },
    { name: "IA5String", value: "worker-1", tag: 0x16, want: "ok" },
    { name: "TeletexString in ASCII", value: "worker-1", tag: 0x14, want: "ok" },
    { name: "TeletexString outside ASCII", value: Buffer.of(0xe9), tag: 0x14, want: "ERR_PKI_COMMON_NAME" },
    { name: "IA5String outside ASCII", value: Buffer.of(0xe9), tag: 0x16, want: "ERR_PKI_STRUCTURE" },
    { name: "BMPString", value: "\0a", tag: 0x1e, want: "ERR_PKI_COMMON_NAME" },
    { name: "UniversalString", value: "\0\0\0a", tag: 0x1c, want: "ERR_PKI_COMMON_NAME" },
    { name: "an INTEGER", value: "a", tag: 0x02, want: "ERR_PKI_STRUCTURE" },
    { name: "empty", value: "", want: "ok" },
    { name: "65 characters, as Talos's may have", value: "a".repeat(65), want: "ok" },
    { name: "255 bytes", value: "a".repeat(255), want: "ok" },
    { name: "256 bytes", value: "a".repeat(256), want: "ERR_PKI_COMMON_NAME" },
    { name: "128 characters of two bytes", value: "ü".repeat(128), want: "ERR_PKI_COMMON_NAME" },
    { name: "NUL", value: "admin\0.example.org", want: "ERR_PKI_COMMON_NAME" },
    { name: "a line end", value: 'a\n{"level":"info"}', want: "ERR_PKI_COMMON_NAME" },
    { name: "escape", value: "\u001b[2J", want: "ERR_PKI_COMMON_NAME" },
    { name: "DEL", value: "a\u007f", want: "ERR_PKI_COMMON_NAME" },
    { name: "a C1 control", value: "a\u0085", want: "ERR_PKI_COMMON_NAME" },
    { name: "a line separator", value: "a\u2028b", want: "ERR_PKI_COMMON_NAME" },
    { name: "a direction override", value: "a\u202eb", want: "ERR_PKI_COMMON_NAME" },
    { name: "a direction isolate", value: "a\u2066b", want: "ERR_PKI_COMMON_NAME" },
    { name: "a zero-width space", value: "a\u200bb", want: "ERR_PKI_COMMON_NAME" },
    { name: "a byte order mark", value: "\u{feff}a", want: "ERR_PKI_COMMON_NAME" },
    { name: "UTF-8 that is cut off", value: hex("61c3"), want: "ERR_PKI_STRUCTURE" },
    { name: "UTF-8 longer than needed", value: hex("c0af"), want: "ERR_PKI_STRUCTURE" },
    { name: "a surrogate in UTF-8", value: hex("eda080"), want: "ERR_PKI_STRUCTURE" },
    { name: "a byte that UTF-8 never has", value: hex("ff"), want: "ERR_PKI_STRUCTURE" },
  ];
  test.each(rows)("$name: $want", ({ value, tag = UTF8, want }) => {
    expect(codeFor({ subject: name(["commonName", value, tag]) })).toBe(want);
  });

  test.each([0x0c, 0x13, 0x16, 0x14])("is written as UTF8String, whatever it was: type %s", async (tag) => {
    const { certificate } = await signFor(requestPem({ subject: name(["commonName", "worker-1", tag]) }));
    expect(Buffer.from(certificate.subjectDer)).toEqual(name(["commonName", "worker-1"]));
  });

  test("broken text elsewhere in the subject is refused, though it would be dropped", () => {
    expect(codeFor({ subject: name(["organization", hex("ff")]) })).toBe("ERR_PKI_STRUCTURE");
  });

  test("hidden characters elsewhere in the subject do no harm: they are dropped", async () => {
    const { certificate } = await signFor(
      requestPem({ subject: name(["organization", "\0\n"], ["commonName", "worker-1"]) }),
    );
    expect(Buffer.from(certificate.subjectDer)).toEqual(name(["commonName", "worker-1"]));
  });
});

describe("row 18: PEM", () => {
  const good = requestPem({ extensions: [altNames(dns("worker-1"), ip("0a050004"))] });
  const { der: bytes } = decodeSinglePem(good, { labels: ["CERTIFICATE REQUEST"] });
  const key = fixture("ed25519/ca.key");
  const rows: { name: string; pem: string; want: string }[] = [
    { name: "CERTIFICATE REQUEST", pem: good, want: "ok" },
    { name: "NEW CERTIFICATE REQUEST", pem: encodePem("NEW CERTIFICATE REQUEST", bytes), want: "ok" },
    { name: "CRLF", pem: good.replaceAll("\n", "\r\n"), want: "ok" },
    { name: "a byte order mark and white space", pem: `\u{feff}\n\n ${good}\n\t`, want: "ok" },
    { name: "nothing", pem: "", want: "ERR_PKI_PEM" },
    { name: "text before", pem: `Subject: x\n${good}`, want: "ERR_PKI_PEM" },
    { name: "text behind", pem: `${good}x`, want: "ERR_PKI_PEM" },
    { name: "the request twice", pem: good + good, want: "ERR_PKI_PEM" },
    { name: "a private key behind", pem: good + key, want: "ERR_PKI_PEM" },
    { name: "a private key before", pem: key + good, want: "ERR_PKI_PEM" },
    { name: "a private key", pem: key, want: "ERR_PKI_PEM" },
    { name: "a certificate", pem: fixture("ed25519/ca.crt"), want: "ERR_PKI_PEM" },
    {
      name: "a certificate under the right label",
      pem: fixture("ed25519/ca.crt").replaceAll("CERTIFICATE", "CERTIFICATE REQUEST"),
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "headers",
      pem: good.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n"),
      want: "ERR_PKI_PEM",
    },
    { name: "DER", pem: Buffer.from(bytes).toString("latin1"), want: "ERR_PKI_PEM" },
    { name: "no END", pem: good.slice(0, good.indexOf("-----END")), want: "ERR_PKI_PEM" },
    {
      name: "BEGIN over and over",
      pem: "-----BEGIN CERTIFICATE REQUEST-----\n".repeat(900),
      want: "ERR_PKI_PEM",
    },
  ];
  test.each(rows)("$name: $want", ({ pem, want }) => {
    expect(codeOf(() => readCertificateRequest(pem))).toBe(want);
    expect(codeOf(() => readCertificateRequest(Buffer.from(pem)))).toBe(want);
  });

  test.each(rows)("an error holds nothing of the text: $name", ({ pem, want }) => {
    let message = "";
    try {
      readCertificateRequest(pem);
    } catch (error) {
      message = error instanceof PkiError ? `${error.message} ${String(error.cause)}` : "unexpected";
    }
    expect(message === "").toBe(want === "ok");
    for (const line of pem.split(/\r?\n/)) {
      if (line.length > 20 && !line.startsWith("-----")) expect(message).not.toContain(line.slice(0, 20));
    }
  });
});
