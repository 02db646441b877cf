// Rows 7 and 41 of docs/threat-model.md: the files of a CA, and what workers are told to trust.
import { encodePem } from "@talos-bridge/pem";
import {
  acceptedCas,
  AUTHORITY_PROFILES,
  authorityFaults,
  authorityUsableAt,
  createCertificateAuthority,
  encodeCertificates,
  generateKey,
  loadCertificateAuthority,
  readCertificate,
  readCertificates,
  readPrivateKey,
  type Certificate,
} from "@talos-bridge/pki";
import { createPrivateKey, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  bits,
  bool,
  der,
  extension,
  int,
  name,
  nil,
  octets,
  oid,
  seq,
  text,
  type OidName,
} from "./support/der.ts";
import { authority, CA_TYPES, codeOf, fixture, NOW } from "./support/fixtures.ts";
import { signFor } from "./support/issue.ts";
import { keyOf } from "./support/keys.ts";
import { requestPem, spkiOf } from "./support/request.ts";

const ED = { certificates: fixture("ed25519/ca.crt"), key: fixture("ed25519/ca.key") };
const P256 = { certificates: fixture("ecdsa-p256/ca.crt"), key: fixture("ecdsa-p256/ca.key") };
const RSA = { certificates: fixture("rsa-4096/ca.crt"), key: fixture("rsa-4096/ca.key") };

function faultsOf(files: { certificates: string; key: string }): string[] {
  const loaded = loadCertificateAuthority(files);
  return loaded.ok ? [] : loaded.faults.map(({ field, code }) => `${field} ${code}`);
}

interface CaParts {
  readonly extensions?: readonly Uint8Array[];
  readonly algorithm?: OidName;
  readonly digest?: string;
  readonly spoil?: boolean;
}

const CA_TRUE = extension("basicConstraints", seq(bool(0xff)), bool(0xff));
const keyUsage = (byte: number, unused: number): Buffer =>
  extension("keyUsage", der(0x03, Buffer.of(unused, byte)), bool(0xff));

/** A self-signed certificate of the RSA fixture's key, where no extensions make it version 1. */
function caOf({
  extensions = [CA_TRUE],
  algorithm = "sha256WithRsa",
  digest = "sha256",
  spoil = false,
}: CaParts): string {
  const key = keyOf("rsa");
  const subject = name(["organization", "talos"]);
  const signature = seq(oid(algorithm), nil());
  const tbs = seq(
    ...(extensions.length === 0 ? [] : [der(0xa0, int("02"))]),
    int("01"),
    signature,
    subject,
    seq(text(0x17, "260101000000Z"), text(0x17, "360101000000Z")),
    subject,
    spkiOf(key),
    ...(extensions.length === 0 ? [] : [der(0xa3, seq(...extensions))]),
  );
  const made = sign(digest, tbs, key);
  if (spoil) made[9] = (made[9] ?? 0) ^ 1;
  return encodePem("CERTIFICATE", seq(tbs, signature, bits(made)));
}

describe("row 7: what nodes are told to trust", () => {
  test("is made of parsed certificates: comments, doubles and text of the file are gone", () => {
    const configured = readCertificates(
      `# key is in the safe\n${P256.certificates}token: abc\n${P256.certificates}${ED.certificates}`,
    );
    const bundle = encodeCertificates(acceptedCas({ configured, issuing: authority("ed25519") }));
    expect(bundle).toBe(P256.certificates + ED.certificates);
  });

  test("the issuing CA comes last: a worker makes its next key after the last one", () => {
    const configured = readCertificates(ED.certificates + RSA.certificates);
    const accepted = acceptedCas({ configured, issuing: authority("ed25519") });
    expect(accepted.map(({ publicKey }) => publicKey.type)).toEqual(["rsa", "ed25519"]);
  });

  test("of two certificates over one key the one that ends last issues", async () => {
    const old = await createCertificateAuthority({ now: NOW, lifetimeMs: 1_000 });
    const privateKey = readPrivateKey(old.keyPem);
    const renewed = await createCertificateAuthority({ now: NOW, privateKey });
    for (const certificates of [
      old.certificatePem + renewed.certificatePem,
      renewed.certificatePem + old.certificatePem,
    ]) {
      const loaded = loadCertificateAuthority({ certificates, key: old.keyPem });
      if (!loaded.ok) throw new Error("the pair does not load");
      expect(encodeCertificates([loaded.issuing.certificate])).toBe(renewed.certificatePem);
      expect(encodeCertificates(loaded.others)).toBe(old.certificatePem);
    }
  });

  test("a key in the CA's file is a fault", () => {
    expect(faultsOf({ certificates: ED.certificates + ED.key, key: ED.key })).toEqual([
      "certificates ERR_PKI_KEY_IN_CERTIFICATES",
    ]);
  });
});

describe("row 41: a CA that can't work is refused with every fault", () => {
  const sops = "tls.crt: ENC[AES256_GCM,data:xxxx,iv:xxxx,tag:xxxx,type:str]";
  const weak = fixture("weak-rsa-1024.key");
  const rows: { name: string; files: { certificates: string; key: string }; want: string[] }[] = [
    { name: "nothing wrong", files: ED, want: [] },
    { name: "a key of another CA", files: { ...ED, key: P256.key }, want: ["key ERR_PKI_KEY"] },
    {
      name: "a leaf, and its CA's key",
      files: { certificates: fixture("ed25519/worker.crt"), key: ED.key },
      want: ["certificates ERR_PKI_STRUCTURE", "key ERR_PKI_KEY"],
    },
    {
      name: "a leaf behind the CA",
      files: { certificates: ED.certificates + fixture("ed25519/worker.crt"), key: ED.key },
      want: ["certificates ERR_PKI_STRUCTURE"],
    },
    {
      name: "nothing in both",
      files: { certificates: "", key: "" },
      want: ["certificates ERR_PKI_PEM", "key ERR_PKI_PEM"],
    },
    {
      name: "SOPS in both",
      files: { certificates: sops, key: sops },
      want: ["certificates ERR_PKI_PLACEHOLDER", "key ERR_PKI_PLACEHOLDER"],
    },
    { name: "REDACTED", files: { ...ED, key: "REDACTED" }, want: ["key ERR_PKI_PLACEHOLDER"] },
    {
      name: "asterisks, as talosctl writes",
      files: { ...ED, key: "******" },
      want: ["key ERR_PKI_PLACEHOLDER"],
    },
    {
      name: "an encrypted PKCS#8 key",
      files: { ...ED, key: ED.key.replaceAll("ED25519", "ENCRYPTED") },
      want: ["key ERR_PKI_KEY_ENCRYPTED"],
    },
    {
      name: "an encrypted key of the old kind",
      files: {
        ...P256,
        key: P256.key.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"),
      },
      want: ["key ERR_PKI_KEY_ENCRYPTED"],
    },
    { name: "a certificate as key", files: { ...ED, key: ED.certificates }, want: ["key ERR_PKI_PEM"] },
    {
      name: "a request as certificate",
      files: { ...ED, certificates: requestPem() },
      want: ["certificates ERR_PKI_PEM"],
    },
    {
      name: "files swapped",
      files: { certificates: ED.key, key: ED.certificates },
      want: ["certificates ERR_PKI_KEY_IN_CERTIFICATES", "key ERR_PKI_PEM"],
    },
    { name: "two keys", files: { ...ED, key: ED.key + P256.key }, want: ["key ERR_PKI_PEM"] },
    { name: "a key that is cut off", files: { ...ED, key: cutKey(ED.key) }, want: ["key ERR_PKI_DER"] },
    { name: "a weak RSA key", files: { ...ED, key: weak }, want: ["key ERR_PKI_KEY_WEAK"] },
    {
      name: "no CA flag",
      files: { ...RSA, certificates: caOf({ extensions: [keyUsage(0x04, 2)] }) },
      want: ["certificates ERR_PKI_STRUCTURE"],
    },
    {
      name: "CA:FALSE",
      files: { ...RSA, certificates: caOf({ extensions: [extension("basicConstraints", seq())] }) },
      want: ["certificates ERR_PKI_STRUCTURE"],
    },
    {
      name: "version 1",
      files: { ...RSA, certificates: caOf({ extensions: [] }) },
      want: ["certificates ERR_PKI_STRUCTURE"],
    },
    {
      name: "a key usage without keyCertSign",
      files: { ...RSA, certificates: caOf({ extensions: [CA_TRUE, keyUsage(0x80, 7)] }) },
      want: ["certificates ERR_PKI_STRUCTURE"],
    },
    {
      name: "a key usage with keyCertSign",
      files: { ...RSA, certificates: caOf({ extensions: [CA_TRUE, keyUsage(0x04, 2)] }) },
      want: [],
    },
    { name: "no key usage: it may sign", files: { ...RSA, certificates: caOf({}) }, want: [] },
    {
      name: "a SHA-1 signature",
      files: { ...RSA, certificates: caOf({ algorithm: "sha1WithRsa", digest: "sha1" }) },
      want: ["certificates ERR_PKI_SIGNATURE_ALGORITHM"],
    },
    {
      name: "an MD5 signature",
      files: { ...RSA, certificates: caOf({ algorithm: "md5WithRsa", digest: "md5" }) },
      want: ["certificates ERR_PKI_SIGNATURE_ALGORITHM"],
    },
    {
      name: "a signature that is not its own",
      files: { ...RSA, certificates: caOf({ spoil: true }) },
      want: ["certificates ERR_PKI_SIGNATURE"],
    },
    {
      name: "an extension twice",
      files: { ...RSA, certificates: caOf({ extensions: [CA_TRUE, CA_TRUE] }) },
      want: ["certificates ERR_PKI_DUPLICATE"],
    },
    {
      name: "two certificates that are no CAs",
      files: { certificates: fixture("ed25519/worker.crt") + fixture("ed25519/admin.crt"), key: ED.key },
      want: ["certificates ERR_PKI_STRUCTURE", "certificates ERR_PKI_STRUCTURE", "key ERR_PKI_KEY"],
    },
  ];
  test.each(rows)("$name", ({ files, want }) => {
    expect(faultsOf(files)).toEqual(want);
  });

  test.each(rows)("no fault holds content: $name", ({ files }) => {
    const loaded = loadCertificateAuthority(files);
    const told = JSON.stringify(loaded.ok ? [] : loaded.faults);
    for (const line of `${files.certificates}\n${files.key}`.split("\n")) {
      if (line.length >= 16 && !line.startsWith("-----")) expect(told).not.toContain(line.slice(0, 16));
    }
    expect(told).not.toContain("data:xxxx");
  });

  test.each(CA_TYPES)("Talos's CA loads: %s", (type) => {
    const { certificate, privateKey } = authority(type);
    expect(certificate.subject).toBe("O=talos");
    expect(certificate.isCa).toBe(true);
    expect(certificate.keyUsage).toEqual(["digitalSignature", "keyCertSign"]);
    expect(privateKey.publicKey.spki).toEqual(certificate.publicKey.spki);
    expect(authorityFaults(certificate)).toEqual([]);
  });

  test("of several certificates the one that matches the key issues, wherever it stands", () => {
    const certificates = P256.certificates + ED.certificates + P256.certificates + RSA.certificates;
    const loaded = loadCertificateAuthority({ certificates, key: ED.key });
    if (!loaded.ok) throw new Error("not loaded");
    expect(loaded.issuing.certificate.publicKey.type).toBe("ed25519");
    expect(loaded.others.map(({ publicKey }) => publicKey.type)).toEqual(["ecdsa-p256", "rsa"]);
  });

  const { notBefore, notAfter } = authority().certificate;
  const times = [
    { at: new Date(notBefore.getTime() - 1), want: "not yet valid" },
    { at: notBefore, want: "ok" },
    { at: NOW, want: "ok" },
    { at: notAfter, want: "ok" },
    { at: new Date(notAfter.getTime() + 1), want: "expired" },
  ];
  test.each(times)("at $at: $want", ({ at, want }) => {
    expect(authorityUsableAt(authority(), at)).toBe(want);
  });
});

function cutKey(pem: string): string {
  const bytes = Buffer.from(pem.split("\n")[1] ?? "", "base64");
  return encodePem("PRIVATE KEY", bytes.subarray(0, -1));
}

describe("private keys", () => {
  const pkcs8 = createPrivateKey(ED.key.replaceAll("ED25519 ", ""))
    .export({ type: "pkcs8", format: "pem" })
    .toString();
  const sec1 = createPrivateKey(P256.key).export({ type: "sec1", format: "pem" }).toString();
  const parameters = encodePem("EC PARAMETERS", oid("p256"));
  const rows: { name: string; pem: string; want: string }[] = [
    { name: "Talos's Ed25519 label", pem: ED.key, want: "ed25519" },
    { name: "the standard label", pem: pkcs8, want: "ed25519" },
    { name: "SEC 1", pem: sec1, want: "ecdsa-p256" },
    { name: "SEC 1 behind parameters, as OpenSSL writes", pem: parameters + sec1, want: "ecdsa-p256" },
    { name: "PKCS#1", pem: RSA.key, want: "rsa" },
    { name: "white space around", pem: `\n\n${pkcs8}\n`, want: "ed25519" },
    { name: "parameters alone", pem: parameters, want: "ERR_PKI_PEM" },
    { name: "text around", pem: `key:\n${pkcs8}`, want: "ERR_PKI_PEM" },
    { name: "a public key", pem: encodePem("PUBLIC KEY", spkiOf(keyOf("p256"))), want: "ERR_PKI_PEM" },
    {
      name: "something else under the label",
      pem: encodePem("PRIVATE KEY", seq(int("00"), seq(oid("ed25519")), octets(octets(Buffer.alloc(31))))),
      want: "ERR_PKI_KEY",
    },
    { name: "more than 16 KiB", pem: pkcs8.padEnd(16_385, "\n"), want: "ERR_PKI_PEM" },
  ];
  test.each(rows)("$name: $want", ({ pem, want }) => {
    let read = "";
    const code = codeOf(() => {
      read = readPrivateKey(pem).publicKey.type;
    });
    expect(code === "ok" ? read : code).toBe(want);
  });
});

describe("createCertificateAuthority", () => {
  test("makes what siderolabs/crypto makes", async () => {
    const made = await createCertificateAuthority({ now: NOW });
    const loaded = loadCertificateAuthority({ certificates: made.certificatePem, key: made.keyPem });
    if (!loaded.ok) throw new Error("not loaded");
    const mine = loaded.issuing.certificate;
    const [talos] = readCertificates(ED.certificates);
    expect(shapeOf(mine)).toEqual(talos && shapeOf(talos));
    expect(mine.notBefore).toEqual(new Date("2030-06-01T12:00:00Z"));
    expect(mine.notAfter.getTime() - mine.notBefore.getTime()).toBe(87_600 * 3_600_000);
    expect(made.keyPem.startsWith("-----BEGIN ED25519 PRIVATE KEY-----\n")).toBe(true);
  });

  test("as asked: profile, lifetime; and it issues", async () => {
    const made = await createCertificateAuthority({
      profile: AUTHORITY_PROFILES.kubernetes,
      now: NOW,
      lifetimeMs: 3_600_000,
    });
    const loaded = loadCertificateAuthority({ certificates: made.certificatePem, key: made.keyPem });
    if (!loaded.ok) throw new Error("not loaded");
    const { certificate } = await signFor(requestPem(), loaded.issuing);
    expect(certificate.issuer).toBe("O=kubernetes");
    expect(certificate.notAfter).toEqual(new Date("2030-06-01T13:00:00Z"));
    expect(certificate.authorityKeyId).toEqual(loaded.issuing.certificate.subjectKeyId);
  });
});

function shapeOf({
  subject,
  issuer,
  isCa,
  keyUsage: usage,
  extendedKeyUsage,
  publicKey,
  subjectKeyId,
  authorityKeyId,
  dnsNames,
}: Certificate): unknown {
  const { type } = publicKey;
  return {
    subject,
    issuer,
    isCa,
    usage,
    extendedKeyUsage,
    type,
    id: subjectKeyId?.length,
    authorityKeyId,
    dnsNames,
  };
}

test("a key made here is one that is read here", async () => {
  const { key, publicKey } = await generateKey("ed25519");
  const read = readPrivateKey(key.export({ type: "pkcs8", format: "pem" }).toString());
  expect(read.publicKey.spki).toEqual(publicKey.spki);
});

test("a certificate without a subject key identifier gives leaves without an authority's", async () => {
  const loaded = loadCertificateAuthority({ certificates: caOf({}), key: RSA.key });
  if (!loaded.ok) throw new Error("not loaded");
  const { certificate, pem } = await signFor(requestPem(), loaded.issuing);
  expect(certificate.authorityKeyId).toBeUndefined();
  expect(readCertificate(certificate.der).serialNumber).toBe(readCertificates(pem)[0]?.serialNumber);
});
