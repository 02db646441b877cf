import {
  createCertificateAuthority,
  issueCertificate,
  loadCertificateAuthority,
  PROFILES,
  readCertificate,
  readCertificates,
  verifyChain,
  type Certificate,
  type ChainQuestion,
} from "@talos-bridge/pki";
import { sign, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { bits, bool, der, extension, int, name, nil, oid, seq, text } from "./support/der.ts";
import { authority, fixture, NOW } from "./support/fixtures.ts";
import { signFor } from "./support/issue.ts";
import { keyOf, type KeyName } from "./support/keys.ts";
import { requestPem, spkiOf } from "./support/request.ts";

const DAY_MS = 86_400_000;
const ed = authority("ed25519");
const p256 = authority("ecdsa-p256");
const leaf = (await signFor(requestPem(), ed)).certificate;
/** `ok` or the reason. */
function reasonOf(question: ChainQuestion): string {
  const verdict = verifyChain(question);
  return verdict.ok ? "ok" : verdict.reason;
}
const at = (ms: number): Date => new Date(NOW.getTime() + ms);

/** A CA certificate of a test key; below the Ed25519 fixture's, unless an issuer is given with its P-384 key. */
function intermediate(
  key: KeyName,
  extensions: readonly Uint8Array[],
  subject: string,
  issuer: Certificate = ed.certificate,
  issuerKey: KeyObject = ed.privateKey.key,
): Certificate {
  const ownKey = issuer === ed.certificate;
  const algorithm = seq(oid(ownKey ? "ed25519" : "ecdsaWithSha384"));
  const tbs = seq(
    der(0xa0, int("02")),
    int("05"),
    algorithm,
    Buffer.from(issuer.subjectDer),
    seq(text(0x17, "290101000000Z"), text(0x17, "310101000000Z")),
    name(["organization", subject]),
    spkiOf(keyOf(key)),
    der(0xa3, seq(...extensions)),
  );
  return readCertificate(seq(tbs, algorithm, bits(sign(ownKey ? null : "sha384", tbs, issuerKey))));
}

const CA = extension("basicConstraints", seq(bool(0xff)), bool(0xff));
const NO_SIGNING = extension("keyUsage", der(0x03, Buffer.of(7, 0x80)), bool(0xff));

async function below(ca: Certificate, key: KeyName): Promise<Certificate> {
  const privateKey = { key: keyOf(key), publicKey: ca.publicKey };
  return (await signFor(requestPem(), { certificate: ca, privateKey })).certificate;
}

const good = intermediate("p384", [CA], "middle");
const notCa = intermediate("p384", [NO_SIGNING], "middle");
const noSigning = intermediate("p384", [CA, NO_SIGNING], "middle");
const deepLeaf = await below(good, "p384");

describe("verifyChain", () => {
  const rows: { name: string; question: Partial<ChainQuestion>; want: string }[] = [
    { name: "signed by a root", question: {}, want: "ok" },
    { name: "a root among others", question: { roots: [p256.certificate, ed.certificate] }, want: "ok" },
    { name: "no roots", question: { roots: [] }, want: "unknown authority" },
    {
      name: "another root of the same name",
      question: { roots: [p256.certificate] },
      want: "same name, other key",
    },
    { name: "itself as a root", question: { roots: [leaf] }, want: "ok" },
    {
      name: "another leaf as a root",
      question: { roots: readCertificates(fixture("ed25519/worker.crt")) },
      want: "unknown authority",
    },
    { name: "a moment before", question: { now: at(-60_500 - 1) }, want: "not yet valid" },
    { name: "from its first moment", question: { now: leaf.notBefore }, want: "ok" },
    { name: "until its last moment", question: { now: leaf.notAfter }, want: "ok" },
    { name: "a moment later", question: { now: at(DAY_MS) }, want: "expired" },
    { name: "as a client", question: { usage: "clientAuth" }, want: "missing client-auth usage" },
    {
      name: "a CA that may do both, as a client",
      question: { leaf: ed.certificate, usage: "clientAuth" },
      want: "ok",
    },
    { name: "through an intermediate", question: { leaf: deepLeaf, intermediates: [good] }, want: "ok" },
    {
      name: "through an intermediate among others",
      question: { leaf: deepLeaf, intermediates: [p256.certificate, notCa, good, leaf] },
      want: "ok",
    },
    { name: "without its intermediate", question: { leaf: deepLeaf }, want: "unknown authority" },
    {
      name: "through one that is no CA",
      question: { leaf: deepLeaf, intermediates: [notCa] },
      want: "not a CA",
    },
    {
      name: "through one that may not sign",
      question: { leaf: deepLeaf, intermediates: [noSigning] },
      want: "CA without keyCertSign",
    },
    { name: "through one that is trusted itself", question: { leaf: deepLeaf, roots: [good] }, want: "ok" },
  ];
  test.each(rows)("$name: $want", ({ question, want }) => {
    const plain = { leaf, roots: [ed.certificate], now: NOW, usage: "serverAuth" } as const;
    expect(reasonOf({ ...plain, ...question })).toBe(want);
  });

  test("a root that is expired does not count", async () => {
    const made = await createCertificateAuthority({ now: NOW, lifetimeMs: DAY_MS });
    const loaded = loadCertificateAuthority({ certificates: made.certificatePem, key: made.keyPem });
    if (!loaded.ok) throw new Error("not loaded");
    const issued = await issueCertificate(loaded.issuing, {
      profile: PROFILES.talosNode,
      names: { commonName: "a", dnsNames: [], ipAddresses: [] },
      spki: leaf.publicKey.spki,
      now: NOW,
      lifetimeMs: DAY_MS,
    });
    // Its own end is the CA's: with it moved on, the CA's is what is left to see.
    const longer = { ...readCertificate(issued.der), notAfter: at(2 * DAY_MS) };
    const roots = [loaded.issuing.certificate];
    expect(reasonOf({ leaf: longer, roots, now: at(DAY_MS / 2), usage: "serverAuth" })).toBe("ok");
    expect(reasonOf({ leaf: longer, roots, now: at(DAY_MS + 1_000), usage: "serverAuth" })).toBe("expired");
  });

  test("a changed bit anywhere in the certificate breaks it", () => {
    const changed = Buffer.from(leaf.der);
    const place = changed.indexOf("worker-1");
    changed[place + 7] = 0x32;
    expect(
      reasonOf({ leaf: readCertificate(changed), roots: [ed.certificate], now: NOW, usage: "serverAuth" }),
    ).toBe("same name, other key");
  });

  test("a SHA-1 signature of a trusted CA counts for nothing", () => {
    const rsa = authority("rsa-4096");
    const algorithm = seq(oid("sha1WithRsa"), nil());
    const tbs = seq(
      der(0xa0, int("02")),
      int("05"),
      algorithm,
      Buffer.from(rsa.certificate.subjectDer),
      seq(text(0x17, "290101000000Z"), text(0x17, "310101000000Z")),
      name(["commonName", "worker-1"]),
      spkiOf(keyOf("ed25519")),
    );
    const old = readCertificate(seq(tbs, algorithm, bits(sign("sha1", tbs, rsa.privateKey.key))));
    expect(reasonOf({ leaf: old, roots: [rsa.certificate], now: NOW, usage: "serverAuth" })).toBe(
      "weak signature",
    );
  });

  test("through two intermediates in any order", async () => {
    const second = intermediate("p521", [CA], "second", good, keyOf("p384"));
    const far = await below(second, "p521");
    for (const intermediates of [
      [good, second],
      [second, good],
    ]) {
      expect(
        reasonOf({ leaf: far, intermediates, roots: [ed.certificate], now: NOW, usage: "serverAuth" }),
      ).toBe("ok");
    }
    expect(
      reasonOf({
        leaf: far,
        intermediates: [second],
        roots: [ed.certificate],
        now: NOW,
        usage: "serverAuth",
      }),
    ).toBe("unknown authority");
  });

  test("CAs that sign each other end", () => {
    const circle = [good, intermediate("p384", [CA], "middle")];
    expect(
      reasonOf({ leaf: deepLeaf, intermediates: circle, roots: [], now: NOW, usage: "serverAuth" }),
    ).toBe("unknown authority");
  });
});
