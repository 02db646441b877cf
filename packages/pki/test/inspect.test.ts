import { decodeSinglePem, encodePem } from "@talos-bridge/pem";
import {
  createCertificateRequest,
  inspect,
  inspectCertificate,
  inspectRequest,
  issueCertificate,
  PROFILES,
  readPrivateKey,
  type CertificateInspection,
  type Inspection,
} from "@talos-bridge/pki";
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { caFlag, certificateDer, purposes, type CertificateParts } from "./support/certificate.ts";
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
  oid,
  seq,
  text,
} from "./support/der.ts";
import { authority, codeOf, fixture, NOW } from "./support/fixtures.ts";
import { keyOf } from "./support/keys.ts";
import { requestDer } from "./support/request.ts";

const inspectOne = (pem: string): Inspection => {
  const [told, ...more] = inspect(pem);
  if (told === undefined || more.length > 0) throw new Error("not one block");
  return told;
};
const made = (parts: Partial<CertificateParts> = {}): CertificateInspection =>
  inspectCertificate(certificateDer({ subject: "node", issuer: "talos", ...parts }), { now: NOW });
const warningsOf = (told: { readonly warnings: readonly { readonly code: string }[] }): readonly string[] =>
  told.warnings.map(({ code }) => code);

describe("certificates", () => {
  test("a client's, everything", () => {
    expect(inspectOne(fixture("talos/client.crt"))).toEqual({
      kind: "certificate",
      version: 3,
      subject: "O=os:reader, O=os:operator",
      commonName: null,
      organizations: ["os:reader", "os:operator"],
      dnsNames: [],
      ipAddresses: [],
      emailAddresses: [],
      uris: [],
      issuer: "O=talos",
      selfIssued: false,
      serialNumber: expect.stringMatching(/^[0-9a-f]{30,32}$/),
      notBefore: "2030-01-01T00:00:00.000Z",
      notAfter: "2031-01-01T00:00:00.000Z",
      publicKey: { type: "ed25519", bits: 256, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      signatureAlgorithm: "Ed25519",
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      isCa: false,
      pathLength: null,
      keyUsage: ["digitalSignature"],
      extendedKeyUsage: ["clientAuth"],
      subjectKeyId: null,
      authorityKeyId: expect.stringMatching(/^[0-9a-f]{40}$/),
      extensions: [
        { id: "2.5.29.15", name: "keyUsage", critical: true, text: "digitalSignature", hex: "03020780" },
        {
          id: "2.5.29.37",
          name: "extKeyUsage",
          critical: false,
          text: "clientAuth",
          hex: "300a06082b06010505070302",
        },
        {
          id: "2.5.29.35",
          name: "authorityKeyIdentifier",
          critical: false,
          text: expect.stringMatching(/^[0-9a-f]{40}$/),
          hex: expect.stringMatching(/^30168014[0-9a-f]{40}$/),
        },
      ],
      warnings: [],
    });
  });

  test("of the same hashes as OpenSSL's", () => {
    const pem = fixture("talos/kube-apiserver.crt");
    const told = inspectOne(pem);
    const key = createPublicKey(pem).export({ type: "spki", format: "der" });
    expect(told).toMatchObject({
      organizations: ["kube-master"],
      commonName: "kube-apiserver",
      dnsNames: ["cp-1", "cp-1.example.org"],
      ipAddresses: ["10.5.0.2"],
      publicKey: { type: "ecdsa-p256", sha256: hashOf(key) },
      sha256: hashOf(decodeSinglePem(pem, { labels: ["CERTIFICATE"] }).der),
    });
  });

  test("a CA of an older Talos, and one with a path length", () => {
    expect(inspectOne(fixture("rsa-4096/ca.crt"))).toMatchObject({
      isCa: true,
      selfIssued: true,
      pathLength: null,
      publicKey: { type: "rsa", bits: 4096 },
      signatureAlgorithm: "RSA-SHA512",
      keyUsage: ["digitalSignature", "keyCertSign"],
      extendedKeyUsage: ["serverAuth", "clientAuth"],
      warnings: [],
    });
    expect(made({ extensions: [caFlag(2)] })).toMatchObject({ isCa: true, pathLength: 2 });
  });

  const uri = (value: string): Buffer => text(0x86, value);
  const many = extension(
    "subjectAltName",
    seq(
      dns("a"),
      dns("\x1b, b"),
      ip("0a050004"),
      text(0x81, "a@b.c"),
      uri("spiffe://x"),
      der(0xa4, name(["commonName", "d"])),
      text(0x88, hex("2a03")),
    ),
  );
  const constraints = seq(
    der(0xa0, seq(dns("example.org"))),
    der(0xa1, seq(text(0x87, hex("0a000000ff000000")))),
  );
  const texts: { name: string; extension: Uint8Array; want: string | null }[] = [
    {
      name: "names of all kinds",
      extension: many,
      want: 'DNS:a, DNS:"\\u001b, b", IP:10.5.0.4, email:a@b.c, URI:spiffe://x, directory:CN=d, other:2a03',
    },
    { name: "all key usages", extension: extension("keyUsage", der(0x03, hex("07ff80"))), want: null },
    {
      name: "purposes, one of them not known",
      extension: extension("extendedKeyUsage", seq(oid("serverAuth"), oid("unknown"))),
      want: "serverAuth, 1.2.3.4.5",
    },
    {
      name: "policies",
      extension: extension("certificatePolicies", seq(seq(oid("unknown")))),
      want: "1.2.3.4.5",
    },
    {
      name: "constraints",
      extension: extension("nameConstraints", constraints),
      want: "permitted DNS:example.org; excluded IP:10.0.0.0/255.0.0.0",
    },
    { name: "one that nobody knows", extension: extension("unknown", nil()), want: null },
  ];
  test.each(texts)("an extension of $name", ({ name: title, extension: part, want }) => {
    const [told] = made({ extensions: [part] }).extensions;
    if (title === "all key usages") expect(told?.text).toMatch(/^digitalSignature, .*, decipherOnly$/);
    else expect(told?.text).toBe(want);
  });

  test("lists where revocation is told, and names by kind", () => {
    const points = seq(seq(der(0xa0, der(0xa0, uri("http://a/crl")))));
    const lists = extension("crlDistributionPoints", points);
    expect(made({ extensions: [lists] }).extensions[0]).toMatchObject({
      name: "cRLDistributionPoints",
      text: "URI:http://a/crl",
    });
    expect(made({ extensions: [many] })).toMatchObject({
      dnsNames: ["a", "\x1b, b"],
      ipAddresses: ["10.5.0.4"],
      emailAddresses: ["a@b.c"],
      uris: ["spiffe://x"],
    });
  });

  const utf8 = Buffer.from("ü", "utf8");
  test.each([
    { name: "UTF8String", tag: 0x0c, value: utf8, want: "O=ü" },
    { name: "UTF8String that is none", tag: 0x0c, value: hex("41ff"), want: "O=A\ufffd" },
    { name: "BMPString", tag: 0x1e, value: hex("004100fc"), want: "O=Aü" },
    { name: "half a BMPString", tag: 0x1e, value: hex("41"), want: "O=A" },
    { name: "UniversalString", tag: 0x1c, value: hex("000000410001f600"), want: "O=A😀" },
    { name: "a UniversalString beyond Unicode", tag: 0x1c, value: hex("7fffffff"), want: "O=\\u{7f}ÿÿÿ" },
    { name: "TeletexString", tag: 0x14, value: hex("fc"), want: "O=ü" },
    {
      name: "text that looks like more names",
      tag: 0x0c,
      value: Buffer.from("a, CN=b\\"),
      want: "O=a\\, CN\\=b\\\\",
    },
    { name: "text that writes to a terminal", tag: 0x0c, value: hex("1b5b324a"), want: "O=\\u{1b}[2J" },
    { name: "a number", tag: 0x02, value: hex("41"), want: "O=A" },
  ])("a subject of $name", ({ tag, value, want }) => {
    const request = requestDer({ subject: name(["organization", value, tag]) });
    expect(inspectRequest(request).subject).toBe(want);
  });
});

describe("warnings of a certificate", () => {
  const usage = (byte: number): Uint8Array => extension("keyUsage", der(0x03, Buffer.of(0, byte)));
  const rsaSpki = (modulus: Buffer): Buffer =>
    seq(seq(oid("rsaEncryption"), nil()), bits(seq(der(0x02, modulus), int("010001"))));
  const rows: { name: string; parts: Partial<CertificateParts>; want: readonly string[] }[] = [
    { name: "nothing", parts: {}, want: [] },
    { name: "expired", parts: { notAfter: "300501000000Z" }, want: ["expired"] },
    { name: "not yet valid", parts: { notBefore: "300701000000Z" }, want: ["not-yet-valid"] },
    {
      name: "ends before it begins",
      parts: { notBefore: "300701000000Z", notAfter: "300601000000Z" },
      want: ["ends-before-it-begins"],
    },
    { name: "a time without seconds", parts: { notAfter: "3012010000Z" }, want: ["malformed-time"] },
    { name: "serial 0", parts: { serial: "00" }, want: ["unusual-serial-number"] },
    { name: "a negative serial", parts: { serial: "ff" }, want: ["unusual-serial-number"] },
    { name: "a serial of 21 octets", parts: { serial: "01".repeat(21) }, want: ["unusual-serial-number"] },
    { name: "a serial of 20 octets", parts: { serial: "01".repeat(20) }, want: [] },
    { name: "RSA of 1,024 bits", parts: { spki: rsaSpki(Buffer.alloc(128, 0x7f)) }, want: ["weak-key"] },
    {
      name: "a key that is none",
      parts: { spki: seq(seq(oid("ed25519")), bits(Buffer.alloc(5))) },
      want: ["invalid-key"],
    },
    {
      name: "a key of another kind",
      parts: { spki: seq(seq(oid("ed448")), bits(Buffer.alloc(57))) },
      want: ["unsupported-key"],
    },
    {
      name: "an extension twice",
      parts: { extensions: [purposes("clientAuth"), purposes("clientAuth")] },
      want: ["duplicate-extension"],
    },
    {
      name: "an extension that can't be read",
      parts: { extensions: [extension("subjectAltName", nil())] },
      want: ["malformed-extension"],
    },
    {
      name: "a critical extension that nobody knows",
      parts: { extensions: [extension("unknown", nil(), bool(0xff))] },
      want: ["unsupported-critical-extension"],
    },
    {
      name: "a CA for some names",
      parts: { extensions: [caFlag(), extension("nameConstraints", seq())] },
      want: ["name-constraints"],
    },
    {
      name: "a CA that may not sign",
      parts: { extensions: [caFlag(), usage(0x80)] },
      want: ["ca-without-key-cert-sign"],
    },
    { name: "keyEncipherment on Ed25519", parts: { extensions: [usage(0xa0)] }, want: ["key-encipherment"] },
    { name: "keyEncipherment on P-256", parts: { key: "p256", extensions: [usage(0xa0)] }, want: [] },
    {
      name: "a server without names",
      parts: { extensions: [purposes("serverAuth")] },
      want: ["no-alternative-names"],
    },
    {
      name: "a server with a name",
      parts: { extensions: [purposes("serverAuth"), altNames(dns("a"))] },
      want: [],
    },
    { name: "roles, and no usages at all", parts: { subject: "os:admin" }, want: ["no-client-auth"] },
    {
      name: "roles, for a server",
      parts: { subject: "os:admin", extensions: [purposes("serverAuth"), altNames(dns("a"))] },
      want: ["no-client-auth"],
    },
    {
      name: "roles, for a client",
      parts: { subject: "os:admin", extensions: [purposes("clientAuth")] },
      want: [],
    },
    {
      name: "os:impersonator",
      parts: { subject: "os:impersonator", extensions: [purposes("clientAuth")] },
      want: ["may-impersonate"],
    },
  ];
  test.each(rows)("$name: $want", ({ parts, want }) => {
    expect(warningsOf(made(parts))).toEqual(want);
  });

  test("without a time nothing is expired", () => {
    const bytes = certificateDer({ subject: "a", notAfter: "300101000000Z" });
    expect(warningsOf(inspectCertificate(bytes))).toEqual([]);
    expect(warningsOf(inspectCertificate(bytes, { now: NOW }))).toEqual(["expired"]);
  });

  test("serial numbers as they are, down to the sign", () => {
    expect(made({ serial: "00ff" }).serialNumber).toBe("ff");
    expect(made({ serial: "00" }).serialNumber).toBe("00");
    expect(made({ serial: "ff" }).serialNumber).toBe("-01");
    expect(made({ serial: "80" }).serialNumber).toBe("-80");
  });

  test("a version that does not exist", () => {
    const bytes = certificateDer({ subject: "a" });
    const place = bytes.indexOf(Buffer.from("a003020102", "hex")) + 4;
    bytes[place] = 4;
    expect(inspectCertificate(bytes)).toMatchObject({ version: 5, warnings: [{ code: "unusual-version" }] });
  });

  test("keys that are refused elsewhere have a type and a hash", () => {
    const k1 = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey;
    const spki = k1.export({ type: "spki", format: "der" });
    expect(made({ spki }).publicKey).toEqual({ type: "ecdsa-secp256k1", bits: null, sha256: hashOf(spki) });
    expect(made({ spki: rsaSpki(Buffer.alloc(128, 0x7f)) }).publicKey).toMatchObject({
      type: "rsa",
      bits: 1023,
    });
    expect(made({ spki: seq(seq(oid("ed448")), bits(Buffer.alloc(57))) }).publicKey).toMatchObject({
      type: "ed448",
      bits: null,
    });
    expect(made({ spki: seq(seq(oid("unknown")), bits(Buffer.alloc(5))) }).publicKey.type).toBe("1.2.3.4.5");
  });
});

describe("requests", () => {
  test("what is asked for, roles too", () => {
    const told = inspectOne(fixture("ed25519/admin.csr"));
    expect(told).toMatchObject({
      kind: "certificate-request",
      subject: expect.stringContaining("CN=evil"),
      organizations: ["os:admin", "os:impersonator"],
      ipAddresses: ["10.5.0.66"],
      signatureAlgorithm: "Ed25519",
      signatureValid: true,
      publicKey: { type: "ed25519" },
      warnings: [{ code: "asks-for-roles" }],
    });
  });

  test.each([
    { name: "a good signature", der: requestDer(), valid: true, want: [] },
    {
      name: "a signature that does not verify",
      der: requestDer({ signature: (signature) => Buffer.concat([signature.subarray(1), Buffer.of(0)]) }),
      valid: false,
      want: ["invalid-signature"],
    },
    {
      name: "SHA-1",
      der: requestDer({ key: "rsa", digest: "sha1", algorithm: seq(oid("sha1WithRsa"), nil()) }),
      valid: null,
      want: ["weak-signature"],
    },
    {
      name: "no attributes at all",
      der: requestDer({ attributes: Buffer.of() }),
      valid: true,
      want: [],
    },
  ])("$name", ({ der: bytes, valid, want }) => {
    const told = inspectRequest(bytes);
    expect(told.signatureValid).toBe(valid);
    expect(warningsOf(told)).toEqual(want);
  });
});

describe("files", () => {
  test("every block an entry, in order, comments passed over", async () => {
    const key = fixture("ecdsa-p256/ca.key");
    const spki = createPublicKey(key);
    const csr = await createCertificateRequest({
      names: { commonName: "a", dnsNames: [], ipAddresses: [] },
      privateKey: readPrivateKey(key),
    });
    const rsa = createPublicKey(keyOf("rsa"));
    const file = [
      "# a bundle\n",
      fixture("ecdsa-p256/ca.crt"),
      encodePem("EC PARAMETERS", hex("06082a8648ce3d030107")),
      key,
      csr,
      fixture("ed25519/ca.key"),
      spki.export({ type: "spki", format: "pem" }).toString(),
      rsa.export({ type: "pkcs1", format: "pem" }).toString(),
      encodePem("ENCRYPTED PRIVATE KEY", seq()),
      encodePem("toString", seq()),
      encodePem("CERTIFICATE", hex("3003020100")),
      encodePem("PRIVATE KEY", hex("3080")),
    ].join("");
    const told = inspect(file);
    expect(told.map((each) => [each.kind, "publicKey" in each ? each.publicKey.type : ""])).toEqual([
      ["certificate", "ecdsa-p256"],
      ["other", ""],
      ["private-key", "ecdsa-p256"],
      ["certificate-request", "ecdsa-p256"],
      ["private-key", "ed25519"],
      ["public-key", "ecdsa-p256"],
      ["public-key", "rsa"],
      ["encrypted-key", ""],
      ["other", ""],
      ["unreadable", ""],
      ["unreadable", ""],
    ]);
    expect(told[1]).toEqual({ kind: "other", label: "EC PARAMETERS", bytes: 10 });
    expect(told[9]).toMatchObject({ label: "CERTIFICATE", code: "ERR_PKI_STRUCTURE" });
    expect(told[10]).toMatchObject({ label: "PRIVATE KEY", code: "ERR_PKI_DER" });
    // One pair: certificate, key, request and public key have one hash.
    const hashes = [0, 2, 3, 5].map((i) => {
      const each = told[i];
      return each !== undefined && "publicKey" in each ? each.publicKey.sha256 : i;
    });
    expect(new Set(hashes)).toEqual(new Set([hashOf(spki.export({ type: "spki", format: "der" }))]));
    expect(JSON.parse(JSON.stringify(told))).toEqual(told);
  });

  test.each([
    { file: "talos/os.key", format: "talos", type: "ed25519" },
    { file: "talos/etcd.key", format: "sec1", type: "ecdsa-p256" },
    { file: "talos/k8s-serviceaccount.key", format: "pkcs1", type: "rsa" },
  ])("$file: $format, and nothing of the key", ({ file, format, type }) => {
    const pem = fixture(file);
    const told = inspectOne(pem);
    expect(told).toMatchObject({ kind: "private-key", format, publicKey: { type }, warnings: [] });
    const shown = JSON.stringify(told);
    for (const line of pem.split("\n").slice(1, -2)) {
      expect(shown).not.toContain(line.slice(0, 16));
      expect(shown).not.toContain(Buffer.from(line, "base64").toString("hex").slice(0, 24));
    }
  });

  test("a key that is refused elsewhere is told of, with a warning", () => {
    expect(inspectOne(fixture("weak-rsa-1024.key"))).toMatchObject({
      format: "pkcs1",
      publicKey: { type: "rsa", bits: 1024 },
      warnings: [{ code: "weak-key" }],
    });
  });

  const pkcs8 = createPrivateKey(fixture("talos/etcd.key")).export({ type: "pkcs8", format: "der" });
  const derRows: { name: string; bytes: Uint8Array; want: object }[] = [
    { name: "certificate", bytes: certificateDer({ subject: "a" }), want: { kind: "certificate" } },
    { name: "request", bytes: requestDer(), want: { kind: "certificate-request" } },
    { name: "private key", bytes: pkcs8, want: { kind: "private-key", format: "pkcs8" } },
    {
      name: "SEC 1 key",
      bytes: createPrivateKey(fixture("talos/etcd.key")).export({ type: "sec1", format: "der" }),
      want: { kind: "private-key", format: "sec1" },
    },
    {
      name: "public key",
      bytes: createPublicKey(fixture("talos/etcd.key")).export({ type: "spki", format: "der" }),
      want: { kind: "public-key" },
    },
    { name: "nothing known", bytes: seq(), want: { kind: "unreadable", label: "" } },
    { name: "no DER", bytes: hex("3080"), want: { kind: "unreadable", label: "", code: "ERR_PKI_DER" } },
  ];
  test.each(derRows)("DER of a $name", ({ bytes, want }) => {
    expect(inspect(bytes)).toEqual([expect.objectContaining(want)]);
  });

  const encrypted =
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
  test.each([
    { name: "nothing", file: "", want: "ERR_PKI_PEM" },
    { name: "other text", file: "hello", want: "ERR_PKI_PEM" },
    { name: "SOPS", file: "ENC[AES256_GCM,data:x]", want: "ERR_PKI_PLACEHOLDER" },
    { name: "an encrypted key of the old kind", file: encrypted, want: "ERR_PKI_KEY_ENCRYPTED" },
  ])("throws for $name: $want", ({ file, want }) => {
    expect(codeOf(() => inspect(file))).toBe(want);
  });
});

test("what is issued here has no warning", async () => {
  const ca = authority("ed25519");
  const issued = await issueCertificate(ca, {
    profile: PROFILES.talosNode,
    names: { commonName: "worker-1", dnsNames: ["worker-1"], ipAddresses: ["10.5.0.4"] },
    spki: ca.certificate.publicKey.spki,
    now: NOW,
  });
  expect(inspect(issued.pem, { now: NOW })).toMatchObject([{ kind: "certificate", warnings: [] }]);
});

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
