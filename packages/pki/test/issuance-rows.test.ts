// Rows 1 to 8 of docs/threat-model.md, as far as this package owns them: what a certificate may say.
import {
  applyNamePolicy,
  compileNamePolicy,
  issueCertificate,
  MAX_REQUEST_BYTES,
  PkiError,
  PROFILES,
  readCertificate,
  readCertificateRequest,
  readCertificates,
  type CertificateAuthority,
} from "@talos-bridge/pki";
import { describe, expect, test } from "vitest";
import { altNames, bool, der, dns, extension, hex, ip, name, oid, seq, set, text } from "./support/der.ts";
import { authority, CA_TYPES, codeOf, fixture, NOW } from "./support/fixtures.ts";
import { meaningOf, signFor } from "./support/issue.ts";
import { requestPem, type RequestParts } from "./support/request.ts";

const PLAIN = requestPem({ extensions: [altNames(dns("worker-1"), ip("0a050004"))] });

describe("row 1: roles never reach a certificate", () => {
  const rows: { name: string; parts: RequestParts; dropped: string[] }[] = [
    {
      name: "Organization os:admin",
      parts: { subject: name(["organization", "os:admin"], ["commonName", "worker-1"]) },
      dropped: ["organization"],
    },
    {
      name: "two Organizations",
      parts: {
        subject: name(
          ["organization", "os:admin"],
          ["organization", "os:reader"],
          ["commonName", "worker-1"],
        ),
      },
      dropped: ["organization"],
    },
    {
      name: "Organization behind the CN in one RDN",
      parts: {
        subject: seq(
          set(
            seq(oid("commonName"), text(0x0c, "worker-1")),
            seq(oid("organization"), text(0x0c, "os:admin")),
          ),
        ),
      },
      dropped: ["organization"],
    },
    {
      name: "Organization of a string type that is not read",
      parts: { subject: name(["organization", "\0o\0s", 0x1e], ["commonName", "worker-1"]) },
      dropped: ["organization"],
    },
    {
      name: "OrganizationalUnit",
      parts: { subject: name(["commonName", "worker-1"], ["organizationalUnit", "os:admin"]) },
      dropped: ["organizational-unit"],
    },
    {
      name: "country, serial number, e-mail",
      parts: {
        subject: name(["country", "DE"], ["commonName", "worker-1"], ["serialNumber", "1"], ["email", "a@b"]),
      },
      dropped: ["subject-other"],
    },
    {
      name: "clientAuth",
      parts: {
        subject: name(["commonName", "worker-1"]),
        extensions: [extension("extendedKeyUsage", seq(der(0x06, hex("2b06010505070302"))))],
      },
      dropped: ["extension"],
    },
  ];
  test.each(rows)("$name", async ({ parts, dropped }) => {
    const { request, certificate } = await signFor(requestPem(parts));
    expect(request.dropped).toEqual(dropped);
    expect(certificate.subject).toBe("CN=worker-1");
    expect(certificate.extendedKeyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(certificate.keyUsage).toEqual(["digitalSignature"]);
  });

  test.each(CA_TYPES)("Talos's own request for os:admin and os:impersonator, %s", async (type) => {
    const { request, certificate } = await signFor(fixture(`${type}/admin.csr`), authority(type));
    expect(request.dropped).toEqual(["organization"]);
    expect(certificate.subject).toBe("CN=evil");
  });
});

describe("row 2: a certificate is never a CA and copies no extension", () => {
  const rows = [
    { name: "CA:TRUE", extension: extension("basicConstraints", seq(bool(0xff)), bool(0xff)) },
    { name: "keyCertSign", extension: extension("keyUsage", der(0x03, hex("0106")), bool(0xff)) },
    { name: "name constraints", extension: extension("nameConstraints", seq(), bool(0xff)) },
    { name: "policies", extension: extension("certificatePolicies", seq(seq(oid("unknown")))) },
    { name: "an extension whose content is no DER", extension: extension("keyUsage", hex("ffff")) },
  ];
  test.each(rows)("$name", async ({ extension: asked }) => {
    const { request, certificate } = await signFor(requestPem({ extensions: [altNames(dns("a")), asked] }));
    expect(request.dropped).toEqual(["extension"]);
    expect(certificate.isCa).toBe(false);
    expect(certificate.keyUsage).toEqual(["digitalSignature"]);
    expect(extensionIds(certificate.signed.tbs)).toEqual(["551d0f", "551d25", "551d23", "551d11"]);
  });
});

/** Identifiers of a certificate's extensions, found by their shape: SEQUENCE of a 3-byte identifier of `id-ce`. */
function extensionIds(tbs: Uint8Array): string[] {
  return [
    ...Buffer.from(tbs)
      .toString("hex")
      .matchAll(/30(?:..|81..)0603(551d..)/g),
  ].map(([, id = ""]) => id);
}

describe("row 3: names of the control plane", () => {
  const policy = compileNamePolicy({
    ownNames: ["10.5.0.1", "api.example.org"],
    deniedSans: ["10.5.0.2"],
    allowedCidrs: [],
    allowedSuffixes: [],
    allowWildcards: false,
    allowOwn: false,
    requirePeerAddress: false,
  });

  test("the signer's own are left out of CN, DNS names and addresses of the certificate", async () => {
    const request = readCertificateRequest(
      requestPem({
        subject: name(["commonName", "API.example.org"]),
        extensions: [
          altNames(
            dns("worker-1"),
            dns("api.EXAMPLE.org"),
            ip("0a050001"),
            ip("00000000000000000000ffff0a050001"),
            ip("0a050004"),
          ),
        ],
      }),
    );
    const decision = applyNamePolicy(request, policy, "10.5.0.4");
    expect(decision).toEqual({
      ok: true,
      names: { commonName: "", dnsNames: ["worker-1"], ipAddresses: ["10.5.0.4"] },
      leftOut: [
        { name: "API.example.org", reason: "own-name" },
        { name: "api.EXAMPLE.org", reason: "own-name" },
        { name: "10.5.0.1", reason: "own-name" },
        { name: "10.5.0.1", reason: "own-name" },
      ],
    });
  });

  test("a denied one refuses the request", () => {
    const request = readCertificateRequest(requestPem({ extensions: [altNames(ip("0a050002"))] }));
    expect(applyNamePolicy(request, policy, "10.5.0.4")).toEqual({ ok: false, reason: "name-denied" });
  });
});

describe("row 4: names of a request", () => {
  const label63 = "a".repeat(63);
  const name253 = `${`${label63}.`.repeat(3)}${"b".repeat(61)}`;
  const rows: { name: string; names: Uint8Array[]; want: string }[] = [
    { name: "letters, digits, hyphen, underscore", names: [dns("Node_1-a.example.org")], want: "ok" },
    { name: "a label of 63", names: [dns(label63)], want: "ok" },
    { name: "a label of 64", names: [dns(`${label63}a`)], want: "ERR_PKI_DNS_NAME" },
    { name: "a name of 253", names: [dns(name253)], want: "ok" },
    { name: "a name of 254", names: [dns(`${name253}b`)], want: "ERR_PKI_DNS_NAME" },
    { name: "one leading wildcard, for the policy", names: [dns("*.example.org")], want: "ok" },
    { name: "a wildcard alone", names: [dns("*")], want: "ERR_PKI_DNS_NAME" },
    { name: "a wildcard in the middle", names: [dns("a.*.org")], want: "ERR_PKI_DNS_NAME" },
    { name: "two wildcards", names: [dns("*.*.org")], want: "ERR_PKI_DNS_NAME" },
    { name: "a part of a label as wildcard", names: [dns("a*.example.org")], want: "ERR_PKI_DNS_NAME" },
    { name: "an empty name", names: [dns("")], want: "ERR_PKI_DNS_NAME" },
    { name: "an empty label", names: [dns("a..b")], want: "ERR_PKI_DNS_NAME" },
    { name: "a leading dot", names: [dns(".example.org")], want: "ERR_PKI_DNS_NAME" },
    { name: "a trailing dot", names: [dns("example.org.")], want: "ERR_PKI_DNS_NAME" },
    { name: "a space", names: [dns("a b")], want: "ERR_PKI_DNS_NAME" },
    { name: "a line end", names: [dns("a\nb")], want: "ERR_PKI_DNS_NAME" },
    { name: "a line end at the end", names: [dns("a\n")], want: "ERR_PKI_DNS_NAME" },
    { name: "NUL", names: [dns("a\0.example.org")], want: "ERR_PKI_DNS_NAME" },
    { name: "UTF-8", names: [dns("bücher.example")], want: "ERR_PKI_DNS_NAME" },
    { name: "Punycode", names: [dns("xn--bcher-kva.example")], want: "ok" },
    { name: "a slash", names: [dns("a/b")], want: "ERR_PKI_DNS_NAME" },
    { name: "an address of 4 bytes", names: [ip("0a050004")], want: "ok" },
    { name: "loopback", names: [ip("7f000001"), ip("00000000000000000000000000000001")], want: "ok" },
    { name: "an address of 16 bytes", names: [ip("20010db8000000000000000000000004")], want: "ok" },
    { name: "an address of 3 bytes", names: [ip("0a0500")], want: "ERR_PKI_IP_ADDRESS" },
    { name: "an address of no bytes", names: [ip("")], want: "ERR_PKI_IP_ADDRESS" },
    {
      name: "an address with its mask, 8 bytes",
      names: [ip("0a050004ffffffff")],
      want: "ERR_PKI_IP_ADDRESS",
    },
    { name: "an address of 32 bytes", names: [ip("00".repeat(32))], want: "ERR_PKI_IP_ADDRESS" },
    { name: "0.0.0.0", names: [ip("00000000")], want: "ERR_PKI_IP_ADDRESS" },
    { name: "::", names: [ip("00".repeat(16))], want: "ERR_PKI_IP_ADDRESS" },
    {
      name: "0.0.0.0 mapped to IPv6",
      names: [ip("00000000000000000000ffff00000000")],
      want: "ERR_PKI_IP_ADDRESS",
    },
    { name: "224.0.0.1", names: [ip("e0000001")], want: "ERR_PKI_IP_ADDRESS" },
    {
      name: "224.0.0.1 mapped to IPv6",
      names: [ip("00000000000000000000ffffe0000001")],
      want: "ERR_PKI_IP_ADDRESS",
    },
    { name: "255.255.255.255", names: [ip("ffffffff")], want: "ERR_PKI_IP_ADDRESS" },
    { name: "ff02::1", names: [ip("ff020000000000000000000000000001")], want: "ERR_PKI_IP_ADDRESS" },
    { name: "a kind of name that does not exist", names: [der(0x89, hex("00"))], want: "ERR_PKI_STRUCTURE" },
    { name: "a universal type", names: [text(0x16, "a")], want: "ERR_PKI_STRUCTURE" },
  ];
  test.each(rows)("$name: $want", ({ names, want }) => {
    expect(codeOf(() => readCertificateRequest(requestPem({ extensions: [altNames(...names)] })))).toBe(want);
  });

  test("names of other kinds are left out", async () => {
    const others = [
      text(0x81, "a@example.org"),
      text(0x86, "spiffe://example.org/admin"),
      der(0xa0, oid("unknown"), der(0xa0, text(0x0c, "x"))),
      der(0xa4, name(["organization", "os:admin"])),
      der(0x88, hex("2a0304")),
    ];
    const { request, certificate } = await signFor(
      requestPem({ extensions: [altNames(...others, dns("a"))] }),
    );
    expect(request.dropped).toEqual(["san-email", "san-uri", "san-other"]);
    expect(certificate.dnsNames).toEqual(["a"]);
    expect(certificate.ipAddresses).toEqual([]);
    expect(Buffer.from(certificate.der).toString("latin1")).not.toMatch(/example\.org|os:admin/);
  });

  test("a mapped address is written as IPv4, as Go does", async () => {
    const { certificate } = await signFor(
      requestPem({ extensions: [altNames(ip("00000000000000000000ffff0a050004"))] }),
    );
    expect(certificate.ipAddresses).toEqual(["10.5.0.4"]);
    expect(Buffer.from(certificate.signed.tbs).includes(ip("0a050004"))).toBe(true);
  });

  test("names of a request that has no subjectAltName give a certificate without one", async () => {
    const { certificate } = await signFor(requestPem());
    expect(extensionIds(certificate.signed.tbs)).not.toContain("551d11");
  });

  test("subjectAltName is critical where there is no subject", async () => {
    const { certificate } = await signFor(requestPem({ subject: seq(), extensions: [altNames(dns("a"))] }));
    const critical = extension("subjectAltName", seq(dns("a")), bool(0xff));
    expect(Buffer.from(certificate.signed.tbs).includes(critical)).toBe(true);
    expect(certificate.subject).toBe("");
  });
});

describe("row 5: size and count", () => {
  const many = (count: number): string =>
    requestPem({ extensions: [altNames(...Array.from({ length: count }, (_, index) => dns(`n${index}`)))] });

  test("256 names are signed", async () => {
    const { certificate } = await signFor(many(256));
    expect(certificate.dnsNames.length).toBe(256);
  });

  test("257 are not", () => {
    expect(codeOf(() => readCertificateRequest(many(257)))).toBe("ERR_PKI_TOO_MANY_NAMES");
  });

  test("256 of the longest names are under no circumstances parsed", () => {
    const long = requestPem({
      extensions: [
        altNames(...Array.from({ length: 256 }, () => dns(`${"a".repeat(63)}.${"b".repeat(63)}`))),
      ],
    });
    expect(long.length).toBeGreaterThan(MAX_REQUEST_BYTES);
    expect(codeOf(() => readCertificateRequest(long))).toBe("ERR_PKI_TOO_LARGE");
  });

  test("32 KiB are read, one byte more is not, whatever they are", () => {
    const padded = PLAIN.padEnd(MAX_REQUEST_BYTES, "\n");
    expect(codeOf(() => readCertificateRequest(padded))).toBe("ok");
    expect(codeOf(() => readCertificateRequest(`${padded}\n`))).toBe("ERR_PKI_TOO_LARGE");
    expect(codeOf(() => readCertificateRequest(Buffer.alloc(MAX_REQUEST_BYTES + 1)))).toBe(
      "ERR_PKI_TOO_LARGE",
    );
  });
});

describe("row 6: validity", () => {
  const issue = (now: Date, lifetimeMs: number) =>
    issueCertificate(authority(), {
      profile: PROFILES.talosNode,
      names: { commonName: "a", dnsNames: [], ipAddresses: [] },
      spki: readCertificateRequest(PLAIN).publicKey.spki,
      now,
      lifetimeMs,
    });
  const { notBefore, notAfter } = authority().certificate;
  const at = (date: Date, ms: number): Date => new Date(date.getTime() + ms);
  const DAY = 86_400_000;

  const rows: { name: string; now: Date; lifetimeMs: number; want: [Date, Date] }[] = [
    {
      name: "begins a minute before now, in whole seconds",
      now: NOW,
      lifetimeMs: DAY,
      want: [new Date("2030-06-01T11:59:00Z"), new Date("2030-06-02T12:00:00Z")],
    },
    {
      name: "never begins before the CA",
      now: at(notBefore, 5_000),
      lifetimeMs: DAY,
      want: [notBefore, at(notBefore, DAY + 5_000)],
    },
    {
      name: "never ends after the CA",
      now: at(notAfter, -3_600_000),
      lifetimeMs: DAY,
      want: [at(notAfter, -3_660_000), notAfter],
    },
    {
      name: "at the CA's first moment",
      now: notBefore,
      lifetimeMs: 1_000,
      want: [notBefore, at(notBefore, 1_000)],
    },
    {
      name: "at the CA's last moment",
      now: notAfter,
      lifetimeMs: DAY,
      want: [at(notAfter, -60_000), notAfter],
    },
  ];
  test.each(rows)("$name", async ({ now, lifetimeMs, want }) => {
    const issued = await issue(now, lifetimeMs);
    const certificate = readCertificate(issued.der);
    expect([issued.notBefore, issued.notAfter]).toEqual(want);
    expect([certificate.notBefore, certificate.notAfter]).toEqual(want);
  });

  const refused = [
    { name: "the CA is expired", now: at(notAfter, 1), lifetimeMs: DAY },
    { name: "the CA is not yet valid", now: at(notBefore, -1), lifetimeMs: DAY },
    { name: "no lifetime", now: NOW, lifetimeMs: 0 },
    { name: "a negative lifetime", now: NOW, lifetimeMs: -DAY },
    { name: "a lifetime that is no number", now: NOW, lifetimeMs: Number.NaN },
  ];
  test.each(refused)("refused: $name", async ({ now, lifetimeMs }) => {
    await expect(issue(now, lifetimeMs)).rejects.toMatchObject({ code: "ERR_PKI_VALIDITY" });
  });

  test("2049 is written as UTCTime, 2050 as GeneralizedTime (RFC 5280 §4.1.2.5)", async () => {
    const { der: written } = await issue(new Date("2049-12-31T12:00:00Z"), DAY);
    expect(
      Buffer.from(written).includes(seq(text(0x17, "491231115900Z"), text(0x18, "20500101120000Z"))),
    ).toBe(true);
  });
});

describe("row 7: key material among certificates", () => {
  const rows = [
    { name: "PKCS#8", key: fixture("ed25519/ca.key").replaceAll("ED25519 ", "") },
    { name: "Talos's label", key: fixture("ed25519/ca.key") },
    { name: "SEC 1", key: fixture("ecdsa-p256/ca.key") },
    { name: "PKCS#1", key: fixture("rsa-4096/ca.key") },
    { name: "encrypted", key: fixture("ed25519/ca.key").replaceAll("ED25519", "ENCRYPTED") },
  ];
  test.each(rows)("$name", ({ key }) => {
    const certificate = fixture("ed25519/ca.crt");
    expect(codeOf(() => readCertificates(certificate + key))).toBe("ERR_PKI_KEY_IN_CERTIFICATES");
    expect(codeOf(() => readCertificates(key + certificate))).toBe("ERR_PKI_KEY_IN_CERTIFICATES");
  });
});

describe("row 8: serial numbers", () => {
  const serialWith = async (random?: (n: number) => Uint8Array): Promise<string> => {
    const issued = await issueCertificate(authority(), {
      profile: PROFILES.talosNode,
      names: { commonName: "a", dnsNames: [], ipAddresses: [] },
      spki: readCertificateRequest(PLAIN).publicKey.spki,
      now: NOW,
      lifetimeMs: 1_000,
      ...(random && { random }),
    });
    // What the log says is what the certificate says, and it is positive: else it could not be read.
    expect(readCertificate(issued.der).serialNumber).toBe(issued.serialNumber);
    return issued.serialNumber;
  };

  const rows = [
    { name: "all bits zero", byte: 0x00, want: `80${"00".repeat(15)}` },
    { name: "all bits one", byte: 0xff, want: "ff".repeat(16) },
    { name: "zeros in front", byte: 0x01, want: `81${"01".repeat(15)}` },
  ];
  test.each(rows)("of $name", async ({ byte, want }) => {
    expect(await serialWith((n) => new Uint8Array(n).fill(byte))).toBe(want);
  });

  test("are 127 random bits in 17 octets, each another", async () => {
    const serials = await Promise.all(Array.from({ length: 50 }, () => serialWith()));
    expect(new Set(serials).size).toBe(50);
    expect(serials.every((serial) => /^[89a-f][0-9a-f]{31}$/.test(serial))).toBe(true);
    // Each of the other bits was seen both ways: the chance that one was not is below 10^-12.
    const both = Array.from(
      { length: 127 },
      (_, bit) => new Set(serials.map((serial) => (BigInt(`0x${serial}`) >> BigInt(bit)) & 1n)).size,
    );
    expect(both.every((size) => size === 2)).toBe(true);
  });

  test("leave the bytes of the random source alone", async () => {
    const bytes = new Uint8Array(16);
    await serialWith(() => bytes);
    expect(bytes).toEqual(new Uint8Array(16));
  });
});

describe("the thread that answers", () => {
  const issuedFirst = async (ca: CertificateAuthority): Promise<boolean> => {
    const events: string[] = [];
    setImmediate(() => events.push("turn"));
    await signFor(PLAIN, ca);
    return events.length === 0;
  };

  test("is free while an RSA CA signs: milliseconds", async () => {
    expect(await issuedFirst(authority("rsa-4096"))).toBe(false);
  });

  test.each(["ed25519", "ecdsa-p256"] as const)("signs for %s by itself: microseconds", async (type) => {
    expect(await issuedFirst(authority(type))).toBe(true);
  });
});

describe("what trustd issues", () => {
  const rows = CA_TYPES.flatMap((type) => ["worker", "admin"].map((request) => ({ type, request })));
  test.each(rows)("$type, $request: the same certificate", async ({ type, request }) => {
    const [wanted] = readCertificates(fixture(`${type}/${request}.crt`));
    if (wanted === undefined) throw new PkiError("ERR_PKI_PEM", "no fixture");
    const { certificate } = await signFor(fixture(`${type}/${request}.csr`), authority(type));
    expect(meaningOf(certificate)).toEqual(meaningOf(wanted));
    expect(certificate.signed.algorithm).toEqual(wanted.signed.algorithm);
    expect(certificate.issuerDer).toEqual(wanted.issuerDer);
    expect(extensionsOf(certificate.signed.tbs)).toEqual(extensionsOf(wanted.signed.tbs));
  });
});

/** The bytes from the first extension on: order, flags and content alike. */
function extensionsOf(tbs: Uint8Array): string {
  const bytes = Buffer.from(tbs);
  return bytes.subarray(bytes.indexOf(hex("0603551d0f"))).toString("hex");
}
