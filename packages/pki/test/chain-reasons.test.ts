// Each reason that a chain is refused for, with the text that a person sees.
import {
  encodeCertificates,
  verifyChain,
  verifyPemChain,
  type Certificate,
  type ChainQuestion,
  type ChainVerdict,
} from "@talos-bridge/pki";
import { encodePem } from "@talos-bridge/pem";
import { describe, expect, test } from "vitest";
import { caFlag, certificateDer, certificateOf, purposes } from "./support/certificate.ts";
import { altNames, bool, der, dns, extension, int, ip, nil, oid, seq } from "./support/der.ts";
import { fixture } from "./support/fixtures.ts";

const NOW = new Date("2030-06-01T12:00:00Z");
const root = certificateOf({ subject: "talos", extensions: [caFlag()] });
const leafParts = { subject: "node", issuer: "talos" };
const leaf = certificateOf({
  ...leafParts,
  extensions: [altNames(dns("worker-1"), dns("*.Example.org"), ip("0a050004"), ip("fd".padEnd(32, "0")))],
});

function verdictOf(question: Partial<ChainQuestion>): ChainVerdict {
  return verifyChain({ leaf, roots: [root], now: NOW, usage: "serverAuth", ...question });
}

const told = (verdict: ChainVerdict): unknown =>
  verdict.ok ? "ok" : { reason: verdict.reason, message: verdict.message };

const ca = (subject: string, issuer: string, ...extensions: readonly Uint8Array[]): Certificate =>
  certificateOf({ subject, issuer, extensions });

describe("reasons", () => {
  const underOne = { ...leafParts, issuer: "one" };
  const rows: { name: string; question: Partial<ChainQuestion>; reason: string; message: string }[] = [
    {
      name: "an expired leaf",
      question: { leaf: certificateOf({ ...leafParts, notAfter: "300501000000Z" }) },
      reason: "expired",
      message: "the certificate O=node expired on 2030-05-01T00:00:00.000Z",
    },
    {
      name: "an expired root",
      question: {
        roots: [certificateOf({ subject: "talos", extensions: [caFlag()], notAfter: "300501000000Z" })],
      },
      reason: "expired",
      message: "the certificate O=talos expired on 2030-05-01T00:00:00.000Z",
    },
    {
      name: "a CA of the future",
      question: {
        roots: [certificateOf({ subject: "talos", extensions: [caFlag()], notBefore: "300701000000Z" })],
      },
      reason: "not yet valid",
      message: "the certificate O=talos is valid from 2030-07-01T00:00:00.000Z on",
    },
    {
      name: "no root of the issuer's name",
      question: { roots: [certificateOf({ subject: "etcd", extensions: [caFlag()] })] },
      reason: "unknown authority",
      message: "the certificate O=node was issued by O=talos, which is not among those trusted",
    },
    {
      name: "signed by itself",
      question: { leaf: certificateOf({ subject: "lonely", key: "p256" }) },
      reason: "unknown authority",
      message: "the certificate O=lonely is signed by itself and not among those trusted",
    },
    {
      name: "a root of the issuer's name and another key",
      question: { roots: [certificateOf({ subject: "talos", key: "p256", extensions: [caFlag()] })] },
      reason: "same name, other key",
      message:
        "the certificate O=node was signed with another key than that of O=talos, or was changed: files of two clusters, or of before and after a rotation?",
    },
    {
      name: "a CA with an empty name and another key",
      question: {
        leaf: certificateOf({ subject: "node", issuer: "" }),
        roots: [certificateOf({ subject: "", key: "p256", extensions: [caFlag()] })],
      },
      reason: "same name, other key",
      message:
        "the certificate O=node was signed with another key than that of the authority without a name, or was changed: files of two clusters, or of before and after a rotation?",
    },
    {
      name: "a server's certificate, as a client",
      question: {
        leaf: certificateOf({ ...leafParts, extensions: [purposes("serverAuth")] }),
        usage: "clientAuth",
      },
      reason: "missing client-auth usage",
      message: "the certificate O=node may not be used by a client",
    },
    {
      name: "a client's certificate, as a server",
      question: { leaf: certificateOf({ ...leafParts, extensions: [purposes("clientAuth")] }) },
      reason: "missing server-auth usage",
      message: "the certificate O=node may not be used by a server",
    },
    {
      name: "a CA for clients alone, for a server",
      question: {
        roots: [certificateOf({ subject: "talos", extensions: [caFlag(), purposes("clientAuth")] })],
      },
      reason: "missing server-auth usage",
      message: "the certificate O=talos may not be used by a server",
    },
    {
      name: "a root that is no CA",
      question: { roots: [certificateOf({ subject: "talos" })] },
      reason: "not a CA",
      message: "the certificate O=talos is not a CA",
    },
    {
      name: "a root that may not sign",
      question: {
        roots: [
          certificateOf({
            subject: "talos",
            extensions: [caFlag(), extension("keyUsage", der(0x03, Buffer.of(7, 0x80)))],
          }),
        ],
      },
      reason: "CA without keyCertSign",
      message: "the certificate O=talos has a key usage without keyCertSign",
    },
    {
      name: "a CA below one that allows none",
      question: {
        leaf: certificateOf(underOne),
        intermediates: [ca("one", "talos", caFlag())],
        roots: [certificateOf({ subject: "talos", extensions: [caFlag(0)] })],
      },
      reason: "path length exceeded",
      message: "the certificate O=talos allows 0 CAs below it, and has 1",
    },
    {
      name: "a critical extension that is not understood",
      question: {
        leaf: certificateOf({ ...leafParts, extensions: [extension("unknown", nil(), bool(0xff))] }),
      },
      reason: "unsupported extension",
      message: "the certificate O=node has the critical extension 1.2.3.4.5, which is not understood",
    },
    {
      name: "a CA for some names",
      question: {
        roots: [
          certificateOf({ subject: "talos", extensions: [caFlag(), extension("nameConstraints", seq())] }),
        ],
      },
      reason: "unsupported extension",
      message: "the certificate O=talos has name constraints, which are not worked out here",
    },
    {
      name: "another host",
      question: { name: "worker-2" },
      reason: "wrong name",
      message:
        'the certificate O=node is valid for worker-1, *.Example.org, 10.5.0.4, fd00::, and not for "worker-2"',
    },
    {
      name: "a host, of a certificate without names",
      question: { leaf: certificateOf({ ...leafParts }), name: "node" },
      reason: "wrong name",
      message: 'the certificate O=node is valid for no name, and not for "node"',
    },
    {
      name: "many names, and some that would write to a terminal",
      question: {
        leaf: certificateOf({
          ...leafParts,
          extensions: [altNames(dns("\x1b[2J"), ...Array.from({ length: 9 }, (_, i) => dns(`n${i}`)))],
        }),
        name: "a",
      },
      reason: "wrong name",
      message: `the certificate O=node is valid for "\\u001b[2J", n0, n1, n2, n3, n4, n5, n6, 2 more, and not for "a"`,
    },
  ];
  test.each(rows)("$name: $reason", ({ question, reason, message }) => {
    expect(told(verdictOf(question))).toEqual({ reason, message });
  });
});

describe("path length", () => {
  const chains = (length: number | undefined, below: number): Partial<ChainQuestion> => {
    const names = ["talos", "one", "two", "three", "four", "five"];
    return {
      leaf: certificateOf({ subject: "node", issuer: names[below] ?? "" }),
      roots: [certificateOf({ subject: "talos", extensions: [caFlag(length)] })],
      intermediates: names.slice(1, below + 1).map((subject, i) => ca(subject, names[i] ?? "", caFlag())),
    };
  };
  test.each([
    { length: 0, below: 0, want: "ok" },
    { length: 0, below: 1, want: "path length exceeded" },
    { length: 1, below: 1, want: "ok" },
    { length: 1, below: 2, want: "path length exceeded" },
    { length: 127, below: 4, want: "ok" },
    { length: undefined, below: 4, want: "ok" },
    { length: undefined, below: 5, want: "path length exceeded" },
  ])("$length allowed, $below there: $want", ({ length, below, want }) => {
    const verdict = verdictOf(chains(length, below));
    expect(verdict.ok ? "ok" : verdict.reason).toBe(want);
    if (verdict.ok) expect(verdict.chain.length).toBe(below + 2);
  });

  test("an intermediate's counts too", () => {
    const intermediates = [ca("one", "talos", caFlag(0)), ca("two", "one", caFlag())];
    const verdict = verdictOf({ leaf: certificateOf({ subject: "node", issuer: "two" }), intermediates });
    expect(told(verdict)).toEqual({
      reason: "path length exceeded",
      message: "the certificate O=one allows 0 CAs below it, and has 1",
    });
  });

  test("is read where it stands, and refused where it is negative or misplaced", () => {
    expect(certificateOf({ subject: "talos", extensions: [caFlag(3)] }).pathLength).toBe(3);
    expect(root.pathLength).toBeUndefined();
    for (const content of [seq(bool(0xff), int("ff")), seq(int("00"), bool(0xff))]) {
      const extensions = [extension("basicConstraints", content)];
      expect(() => certificateOf({ subject: "talos", extensions })).toThrow(
        expect.objectContaining({ code: "ERR_PKI_STRUCTURE" }),
      );
    }
  });
});

describe("names", () => {
  test.each([
    { name: "worker-1", want: true },
    { name: "WORKER-1.", want: true },
    { name: "a.example.org", want: true },
    { name: "a.b.example.org", want: false },
    { name: "example.org", want: false },
    { name: ".example.org", want: false },
    { name: "*.example.org", want: true },
    { name: "10.5.0.4", want: true },
    { name: "::ffff:10.5.0.4", want: true },
    { name: "10.5.0.5", want: false },
    { name: "[fd00:0::0]", want: true },
    { name: "node", want: false },
    { name: "", want: false },
  ])("$name: $want", ({ name, want }) => {
    const verdict = verdictOf({ name });
    expect(verdict.ok || verdict.reason).toBe(want || "wrong name");
  });
});

test("a good chain is told from the leaf to the root", () => {
  const one = ca("one", "talos", caFlag());
  const deep = certificateOf({ subject: "node", issuer: "one" });
  const verdict = verdictOf({ leaf: deep, intermediates: [leaf, one] });
  expect(verdict.ok && verdict.chain.map(({ subject }) => subject)).toEqual(["O=node", "O=one", "O=talos"]);
});

test("of two ways the good one counts, and of two faults the one nearest to a good chain is told", () => {
  const expired = certificateOf({ subject: "talos", extensions: [caFlag()], notAfter: "300501000000Z" });
  const otherKey = certificateOf({ subject: "talos", key: "p256", extensions: [caFlag()] });
  expect(told(verdictOf({ roots: [otherKey, expired, root] }))).toBe("ok");
  for (const roots of [
    [otherKey, expired],
    [expired, otherKey],
  ]) {
    expect(told(verdictOf({ roots }))).toMatchObject({ reason: "expired" });
  }
});

test("certificates that all have one name end after a bounded number of signatures", () => {
  const same = Array.from({ length: 100 }, (_, i) =>
    certificateOf({
      subject: "talos",
      serial: `01${i.toString(16).padStart(2, "0")}`,
      extensions: [caFlag()],
    }),
  );
  const verdict = verdictOf({
    roots: [certificateOf({ subject: "talos", key: "p256" })],
    intermediates: same,
  });
  expect(verdict.ok).toBe(false);
});

describe("verifyPemChain", () => {
  const pem = (...parts: readonly Certificate[]): string => encodeCertificates(parts);
  const question = { now: NOW, usage: "serverAuth" } as const;
  const weakSpki = seq(
    seq(oid("rsaEncryption"), nil()),
    der(0x03, Buffer.of(0), seq(der(0x02, Buffer.alloc(129, 0x7f)), int("010001"))),
  );
  const weakRoot = encodePem(
    "CERTIFICATE",
    certificateDer({ subject: "talos", spki: weakSpki, extensions: [caFlag()] }),
  );

  test("leaf first, intermediates behind it, comments between them", () => {
    const one = ca("one", "talos", caFlag());
    const deep = certificateOf({ subject: "node", issuer: "one" });
    const chain = `# the node\n${pem(deep)}# its issuer\n${pem(one)}`;
    expect(verifyPemChain({ ...question, chain, roots: pem(root) }).ok).toBe(true);
    expect(told(verifyPemChain({ ...question, chain: pem(deep), roots: pem(root) }))).toMatchObject({
      reason: "unknown authority",
    });
  });

  test("a weak key is the reason where the leaf has it, or the chain ends for want of it", () => {
    const weakLeaf = encodePem("CERTIFICATE", certificateDer({ ...leafParts, spki: weakSpki }));
    expect(told(verifyPemChain({ ...question, chain: weakLeaf, roots: pem(root) }))).toEqual({
      reason: "weak key",
      message: "the certificate has a weak key: RSA key of 1031 bits, accepted are 2048 to 8192",
    });
    expect(told(verifyPemChain({ ...question, chain: pem(leaf), roots: weakRoot }))).toMatchObject({
      reason: "weak key",
    });
    expect(verifyPemChain({ ...question, chain: pem(leaf), roots: weakRoot + pem(root) }).ok).toBe(true);
  });

  test.each([
    { name: "no certificate", chain: "", want: "ERR_PKI_PEM" },
    {
      name: "a key among them",
      chain: pem(leaf) + fixture("ed25519/ca.key"),
      want: "ERR_PKI_KEY_IN_CERTIFICATES",
    },
    { name: "broken DER", chain: encodePem("CERTIFICATE", seq(nil())), want: "ERR_PKI_STRUCTURE" },
  ])("throws for $name: $want", ({ chain, want }) => {
    expect(() => verifyPemChain({ ...question, chain, roots: pem(root) })).toThrow(
      expect.objectContaining({ code: want }),
    );
  });
});
