import { encodePem } from "@talos-bridge/pem";
import { encodeCertificates, readCertificate, readCertificates, type Certificate } from "@talos-bridge/pki";
import { sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  altNames,
  bits,
  bool,
  der,
  dns,
  extension,
  hex,
  int,
  ip,
  name,
  nil,
  octets,
  oid,
  seq,
  text,
} from "./support/der.ts";
import { codeOf, fixture } from "./support/fixtures.ts";
import { keyOf } from "./support/keys.ts";
import { requestDer, spkiOf } from "./support/request.ts";

const UTC = 0x17;
const GENERALIZED = 0x18;

interface Parts {
  readonly version?: Uint8Array;
  readonly serial?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly times?: Uint8Array;
  readonly innerAlgorithm?: Uint8Array;
  readonly unique?: Uint8Array;
  readonly extensions?: Uint8Array;
  readonly more?: Uint8Array;
}

const VALIDITY = seq(text(UTC, "260101000000Z"), text(UTC, "360101000000Z"));

function certificateDer(parts: Parts = {}): Buffer {
  const key = keyOf("ed25519");
  const algorithm = seq(oid("ed25519"));
  const subject = name(["organization", "talos"]);
  const tbs = seq(
    parts.version ?? der(0xa0, int("02")),
    parts.serial ?? int("07"),
    parts.innerAlgorithm ?? algorithm,
    subject,
    parts.times ?? VALIDITY,
    parts.subject ?? subject,
    spkiOf(key),
    parts.unique ?? Buffer.of(),
    parts.extensions ?? Buffer.of(),
  );
  return seq(tbs, algorithm, bits(sign(null, tbs, key)), parts.more ?? Buffer.of());
}

const withExtensions = (...extensions: readonly Uint8Array[]): Parts => ({
  extensions: der(0xa3, seq(...extensions)),
});

describe("readCertificate", () => {
  const rows: { name: string; parts: Parts; want: string }[] = [
    { name: "version 3", parts: {}, want: "ok" },
    { name: "version 1, without its number", parts: { version: Buffer.of() }, want: "ok" },
    { name: "version 1, with its number", parts: { version: der(0xa0, int("00")) }, want: "ERR_PKI_VERSION" },
    { name: "version 2", parts: { version: der(0xa0, int("01")) }, want: "ERR_PKI_VERSION" },
    { name: "version 4", parts: { version: der(0xa0, int("03")) }, want: "ERR_PKI_VERSION" },
    { name: "an empty version", parts: { version: der(0xa0) }, want: "ERR_PKI_STRUCTURE" },
    { name: "two versions", parts: { version: der(0xa0, int("02"), int("02")) }, want: "ERR_PKI_STRUCTURE" },
    {
      name: "extensions in version 1",
      parts: { version: Buffer.of(), ...withExtensions(extension("unknown", nil())) },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "unique identifiers",
      parts: { unique: Buffer.concat([der(0x81, hex("0001")), der(0x82, hex("0001"))]) },
      want: "ok",
    },
    { name: "a negative serial number", parts: { serial: int("ff") }, want: "ERR_PKI_STRUCTURE" },
    { name: "an empty list of extensions", parts: withExtensions(), want: "ok" },
    { name: "extensions that are no list", parts: { extensions: der(0xa3) }, want: "ERR_PKI_STRUCTURE" },
    {
      name: "two lists of extensions",
      parts: { extensions: der(0xa3, seq(), seq()) },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "extensions twice",
      parts: { extensions: Buffer.concat([der(0xa3, seq()), der(0xa3, seq())]) },
      want: "ERR_PKI_STRUCTURE",
    },
    { name: "an unknown field", parts: { extensions: der(0xa4, seq()) }, want: "ERR_PKI_STRUCTURE" },
    {
      name: "another algorithm inside",
      parts: { innerAlgorithm: seq(oid("ed448")) },
      want: "ERR_PKI_STRUCTURE",
    },
    { name: "something behind the signature", parts: { more: nil() }, want: "ERR_PKI_STRUCTURE" },
    {
      name: "GeneralizedTime",
      parts: { times: seq(text(UTC, "260101000000Z"), text(GENERALIZED, "20500101000000Z")) },
      want: "ok",
    },
    {
      name: "year 0000",
      parts: { times: seq(text(GENERALIZED, "00000101000000Z"), text(GENERALIZED, "99991231235959Z")) },
      want: "ok",
    },
    {
      name: "no seconds",
      parts: { times: seq(text(UTC, "2601010000Z"), text(UTC, "360101000000Z")) },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "an offset",
      parts: { times: seq(text(UTC, "260101000000+0100"), text(UTC, "360101000000Z")) },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "fractions",
      parts: { times: seq(text(GENERALIZED, "20260101000000.5Z"), text(UTC, "360101000000Z")) },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "month 13",
      parts: { times: seq(text(UTC, "261301000000Z"), text(UTC, "360101000000Z")) },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "month 0",
      parts: { times: seq(text(UTC, "260001000000Z"), text(UTC, "360101000000Z")) },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "30 February",
      parts: { times: seq(text(UTC, "260230000000Z"), text(UTC, "360101000000Z")) },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "hour 24",
      parts: { times: seq(text(UTC, "260101240000Z"), text(UTC, "360101000000Z")) },
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "second 60",
      parts: { times: seq(text(UTC, "260101000060Z"), text(UTC, "360101000000Z")) },
      want: "ERR_PKI_STRUCTURE",
    },
    { name: "one time", parts: { times: seq(text(UTC, "260101000000Z")) }, want: "ERR_PKI_STRUCTURE" },
    {
      name: "three times",
      parts: { times: seq(...Array.from({ length: 3 }, () => text(UTC, "260101000000Z"))) },
      want: "ERR_PKI_STRUCTURE",
    },
    { name: "no times", parts: { times: seq() }, want: "ERR_PKI_STRUCTURE" },
    {
      name: "a known extension that is no DER",
      parts: withExtensions(extension("basicConstraints", hex("ff"))),
      want: "ERR_PKI_DER",
    },
    {
      name: "an unknown extension that is no DER",
      parts: withExtensions(extension("unknown", hex("ff"))),
      want: "ok",
    },
    {
      name: "a key usage that is no BIT STRING",
      parts: withExtensions(extension("keyUsage", nil())),
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "an extended key usage of no identifiers",
      parts: withExtensions(extension("extendedKeyUsage", seq(nil()))),
      want: "ERR_PKI_STRUCTURE",
    },
  ];
  test.each(rows)("$name: $want", ({ parts, want }) => {
    expect(codeOf(() => readCertificate(certificateDer(parts)))).toBe(want);
  });

  test("gives every field", () => {
    const read: Certificate = readCertificate(
      Uint8Array.from(
        certificateDer({
          subject: name(["country", "DE"], ["organization", "talos"], ["commonName", "a, b"]),
          serial: int("00ff07"),
          times: seq(text(UTC, "991231235959Z"), text(GENERALIZED, "20991231235959Z")),
          ...withExtensions(
            extension("basicConstraints", seq(bool(0xff), int("00")), bool(0xff)),
            extension("keyUsage", der(0x03, hex("0186")), bool(0xff)),
            extension(
              "extendedKeyUsage",
              seq(der(0x06, hex("2b06010505070302")), der(0x06, hex("551d2500"))),
            ),
            seq(der(0x06, hex("551d0e")), octets(octets(hex("0102")))),
            seq(der(0x06, hex("551d23")), octets(seq(der(0x80, hex("0304")), der(0x82, hex("05"))))),
            altNames(dns("a.b"), ip("0a050004")),
          ),
        }),
      ),
    );
    expect(read).toMatchObject({
      subject: "C=DE, O=talos, CN=a\\, b",
      issuer: "O=talos",
      commonName: "a, b",
      serialNumber: "ff07",
      notBefore: new Date("1999-12-31T23:59:59Z"),
      notAfter: new Date("2099-12-31T23:59:59Z"),
      isCa: true,
      keyUsage: ["digitalSignature", "keyCertSign", "cRLSign"],
      extendedKeyUsage: ["1.3.6.1.5.5.7.3.2", "2.5.29.37.0"],
      subjectKeyId: Uint8Array.of(1, 2),
      authorityKeyId: Uint8Array.of(3, 4),
      dnsNames: ["a.b"],
      ipAddresses: ["10.5.0.4"],
    });
    expect(read.publicKey.type).toBe("ed25519");
  });

  test("without extensions nothing is restricted", () => {
    const { isCa, keyUsage, extendedKeyUsage, subjectKeyId, authorityKeyId } =
      readCertificate(certificateDer());
    expect({ isCa, keyUsage, extendedKeyUsage, subjectKeyId, authorityKeyId }).toEqual({ isCa: false });
  });
});

describe("readCertificates", () => {
  const ca = fixture("ed25519/ca.crt");
  const rows: { name: string; pem: string; want: string }[] = [
    { name: "several, comments and blank lines", pem: `# first\n${ca}\n\nsecond:\n${ca}`, want: "ok" },
    { name: "CRLF and a byte order mark", pem: `\u{feff}${ca.replaceAll("\n", "\r\n")}`, want: "ok" },
    { name: "nothing", pem: "", want: "ERR_PKI_PEM" },
    { name: "text alone", pem: "hello", want: "ERR_PKI_PEM" },
    { name: "another label", pem: encodePem("X509 CRL", hex("3000")), want: "ERR_PKI_PEM" },
    {
      name: "OpenSSL's TRUSTED CERTIFICATE",
      pem: ca.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE"),
      want: "ERR_PKI_PEM",
    },
    {
      name: "a request under the label",
      pem: encodePem("CERTIFICATE", requestDer()),
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "a good one and a broken one",
      pem: ca + encodePem("CERTIFICATE", hex("3000")),
      want: "ERR_PKI_STRUCTURE",
    },
    { name: "129 blocks", pem: ca.repeat(129), want: "ERR_PKI_PEM" },
  ];
  test.each(rows)("$name: $want", ({ pem, want }) => {
    expect(codeOf(() => readCertificates(pem))).toBe(want);
    expect(codeOf(() => readCertificates(Buffer.from(pem)))).toBe(want);
  });

  test("what is encoded again is the same certificates and nothing else", () => {
    const both = ca + fixture("rsa-4096/ca.crt");
    expect(encodeCertificates(readCertificates(`x\n${both}y\n`))).toBe(both);
  });
});
