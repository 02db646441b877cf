// Each kind of certificate and request that is written here, read by others: OpenSSL's command, Node, pkijs.
import { decodeSinglePem } from "@talos-bridge/pem";
import {
  createCertificateRequest,
  readCertificateRequest,
  readPrivateKey,
  type CertificateAuthority,
  type Names,
} from "@talos-bridge/pki";
import { fromBER } from "asn1js";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AltName, Certificate, CertificationRequest } from "pkijs";
import { describe, expect, test } from "vitest";
import { altNames, dns, ip, name } from "./support/der.ts";
import { authority, CA_TYPES, fixture, NOW } from "./support/fixtures.ts";
import { signFor } from "./support/issue.ts";
import { keyOf, type KeyName } from "./support/keys.ts";
import { requestPem } from "./support/request.ts";

const KEYS: readonly KeyName[] = ["ed25519", "p256", "p384", "p521", "rsa"];
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** Runs openssl with files of these texts in place of `@name`; its whole output. */
function openssl(args: readonly string[], files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "talos-bridge-pki-"));
  try {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
    const paths = args.map((each) => (each.startsWith("@") ? join(folder, each.slice(1)) : each));
    const { status, stdout, stderr } = spawnSync("openssl", paths, { encoding: "utf8" });
    return `${status === 0 ? "ok" : "failed"}\n${stdout}${stderr}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const names = [
  {
    name: "all kinds",
    subject: name(["commonName", "worker-1"]),
    alt: [altNames(dns("worker-1"), dns("a.b"), ip("0a050004"), ip("fd000000000000000000000000000004"))],
  },
  { name: "no subject", subject: name(), alt: [altNames(dns("worker-1"))] },
  { name: "no alternative names", subject: name(["commonName", "knoten-ü"]), alt: [] },
  {
    name: "256 names",
    subject: name(["commonName", "a".repeat(200)]),
    alt: [altNames(...Array.from({ length: 256 }, (_, i) => dns(`n${i}`)))],
  },
];
const rows = [
  ...CA_TYPES.flatMap((ca) => KEYS.map((key) => ({ ca, key, names: "all kinds" }))),
  ...names.slice(1).map((each) => ({ ca: "ed25519" as const, key: "ed25519" as const, names: each.name })),
];

const hexOf = (pem: string): string =>
  Buffer.from(decodeSinglePem(pem, { labels: ["CERTIFICATE REQUEST"] }).der).toString("hex");

describe("certificates", () => {
  const sign = async (row: (typeof rows)[number]) => {
    const { subject, alt } = names.find((each) => each.name === row.names) ?? { subject: name(), alt: [] };
    const ca: CertificateAuthority = authority(row.ca);
    return { ca, ...(await signFor(requestPem({ key: row.key, subject, extensions: alt }), ca)) };
  };

  test.skipIf(!hasOpenssl).each(rows)("openssl verifies: $ca CA, $key key, $names", async (row) => {
    const { pem } = await sign(row);
    const at = `${NOW.getTime() / 1000 - 0.5}`;
    // Not -x509_strict: it wants a subject key identifier, which neither Go nor this package writes into leaves.
    const args = ["verify", "-purpose", "sslserver", "-attime", at, "-CAfile", "@ca.crt", "@leaf.crt"];
    expect(openssl(args, { "ca.crt": fixture(`${row.ca}/ca.crt`), "leaf.crt": pem })).toMatch(
      /^ok\n.*: OK\n$/,
    );
  });

  test.each(rows)("Node reads and verifies: $ca CA, $key key, $names", async (row) => {
    const { certificate, pem, ca } = await sign(row);
    const read = new X509Certificate(pem);
    expect(read.checkIssued(new X509Certificate(ca.certificate.der))).toBe(true);
    expect(read.verify(ca.certificate.publicKey.key)).toBe(true);
    expect(read.ca).toBe(false);
    // Node gives the extended usages under this name.
    expect(read.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(read.serialNumber.toLowerCase()).toBe(certificate.serialNumber);
    expect(read.subjectAltName?.split(", ").length ?? 0).toBe(
      certificate.dnsNames.length + certificate.ipAddresses.length,
    );
    expect(read.toLegacyObject().subject.CN).toBe(certificate.commonName || undefined);
  });

  test.each(rows)("pkijs reads the same: $ca CA, $key key, $names", async (row) => {
    const { certificate } = await sign(row);
    const read = Certificate.fromBER(certificate.der);
    expect(read.version).toBe(2);
    expect(read.notBefore.value).toEqual(certificate.notBefore);
    expect(read.notAfter.value).toEqual(certificate.notAfter);
    expect(read.subject.typesAndValues.map(({ value }) => value.valueBlock.value)).toEqual(
      certificate.commonName === "" ? [] : [certificate.commonName],
    );
    const critical = Object.fromEntries((read.extensions ?? []).map((each) => [each.extnID, each.critical]));
    const hasNames = certificate.dnsNames.length + certificate.ipAddresses.length > 0;
    expect(critical).toEqual({
      "2.5.29.15": true,
      "2.5.29.37": false,
      "2.5.29.35": false,
      ...(hasNames && { "2.5.29.17": certificate.commonName === "" }),
    });
    const alt = read.extensions?.find(({ extnID }) => extnID === "2.5.29.17")?.parsedValue;
    const dnsNames = alt instanceof AltName ? alt.altNames.filter(({ type }) => type === 2) : [];
    expect(dnsNames.map(({ value }): unknown => value)).toEqual(certificate.dnsNames);
  });
});

describe("requests", () => {
  const asked: Names = {
    commonName: "worker-1",
    dnsNames: ["worker-1", "a.b"],
    ipAddresses: ["10.5.0.4", "fd00::4"],
  };
  const nothing: Names = { commonName: "worker-1", dnsNames: [], ipAddresses: [] };
  const make = (key: KeyName, wanted: Names, organization = ""): Promise<string> =>
    createCertificateRequest({
      names: wanted,
      privateKey: readPrivateKey(keyOf(key).export({ type: "pkcs8", format: "pem" }).toString()),
      organization,
    });

  test.each(KEYS)("read back: %s", async (key) => {
    const { commonName, dnsNames, ipAddresses, dropped } = readCertificateRequest(await make(key, asked));
    expect({ commonName, dnsNames, ipAddresses, dropped }).toEqual({ ...asked, dropped: [] });
  });

  test.skipIf(!hasOpenssl).each(KEYS)("openssl verifies: %s", async (key) => {
    const pem = await make(key, asked, "os:admin");
    const told = openssl(["req", "-verify", "-noout", "-text", "-in", "@csr"], { csr: pem });
    expect(told).toMatch(/^ok\n/);
    expect(told).toContain("O = os:admin, CN = worker-1");
    expect(told).toContain("DNS:worker-1, DNS:a.b, IP Address:10.5.0.4, IP Address:FD00:0:0:0:0:0:0:4");
  });

  test("pkijs reads the same", async () => {
    const { der } = decodeSinglePem(await make("p256", asked), { labels: ["CERTIFICATE REQUEST"] });
    const { result } = fromBER(der);
    const read = new CertificationRequest({ schema: result });
    expect(read.version).toBe(0);
    expect(await read.verify()).toBe(true);
  });

  test("the attributes are Talos's own, byte by byte", async () => {
    const talos = fixture("ed25519/worker.csr");
    const { commonName, dnsNames, ipAddresses } = readCertificateRequest(talos);
    const mine = await make("ed25519", { commonName, dnsNames, ipAddresses });
    // From the attributes' identifier to the signature algorithm.
    const [mineHex, talosHex] = [mine, talos].map(
      (pem) => /06092a864886f70d01090e.*(?=300506032b6570)/.exec(hexOf(pem))?.[0],
    );
    expect(talosHex).toBeDefined();
    expect(mineHex).toBe(talosHex);
  });

  test("without names there are no attributes, as Go writes it", async () => {
    const request = await make("ed25519", nothing);
    const { der } = decodeSinglePem(request, { labels: ["CERTIFICATE REQUEST"] });
    // Behind the key comes an empty [0].
    expect(Buffer.from(der).includes(Buffer.from("a0003005", "hex"))).toBe(true);
    expect(readCertificateRequest(request)).toMatchObject({
      commonName: "worker-1",
      dnsNames: [],
      dropped: [],
    });
  });

  test("an address that is none is refused", async () => {
    const bad = { ...nothing, ipAddresses: ["10.5.0"] };
    await expect(make("ed25519", bad)).rejects.toMatchObject({ code: "ERR_PKI_IP_ADDRESS" });
  });
});
