import { encodePem, PemError } from "@talos-bridge/pem";
import {
  applyNamePolicy,
  canonicalIp,
  compileNamePolicy,
  createCertificateRequest,
  isUnusable,
  loadCertificateAuthority,
  PkiError,
  readCertificate,
  readCertificateRequest,
  readCertificates,
  readPrivateKey,
  scanDer,
} from "@talos-bridge/pki";
import * as fc from "fast-check";
import { BlockList } from "node:net";
import { expect, test } from "vitest";
import { der } from "./support/der.ts";
import { authority, CA_TYPES, fixture } from "./support/fixtures.ts";
import { signFor } from "./support/issue.ts";
import { requestDer } from "./support/request.ts";

const options = { seed: 5280, numRuns: 200 };
const privateKey = authority("ed25519").privateKey;

const label = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const dnsName = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const ipAddress = fc
  .oneof(fc.ipV4(), fc.ipV6())
  .map((text) => canonicalIp(text) ?? "")
  .filter((text) => text !== "" && !/^(?:0|22[4-9]|23\d|255)\.|^::$|^ff/.test(text));
const names = fc.record({
  commonName: fc.oneof(dnsName, fc.string({ unit: "grapheme", maxLength: 30 })).filter(isPlain),
  dnsNames: fc.array(dnsName, { maxLength: 6 }),
  ipAddresses: fc.array(ipAddress, { maxLength: 6 }),
});

function isPlain(text: string): boolean {
  return !/[\p{C}\p{Zl}\p{Zp}]/u.test(text);
}

test("names that are asked for are read, issued and read again as they were", async () => {
  const cas = CA_TYPES.slice(0, 2).map(authority);
  await fc.assert(
    fc.asyncProperty(names, fc.constantFrom(...cas), async (asked, ca) => {
      const { request, certificate } = await signFor(
        await createCertificateRequest({ names: asked, privateKey }),
        ca,
      );
      expect(request).toMatchObject(asked);
      expect(certificate).toMatchObject(asked);
      expect(request.dropped).toEqual([]);
    }),
    options,
  );
});

// Addresses around the ends of the special networks, which random ones hardly ever meet.
const edgeAddress = fc
  .oneof(
    fc.tuple(
      fc.constantFrom(0, 1, 126, 127, 128, 223, 224, 239, 240, 255),
      fc.nat(255),
      fc.constantFrom(0, 255),
    ),
    fc.constant([255, 255, 255]),
  )
  .chain(([a = 0, b = 0, c = 0]) => fc.constantFrom(0, 1, 255).map((d) => `${a}.${b}.${c}.${d}`));
const edgeAddress6 = fc.constantFrom(
  "::",
  "::1",
  "::2",
  "1::",
  "ff::",
  "fe80::1",
  "feff::1",
  "ff00::",
  "ffff::1",
  "0:1::",
);

function listOf(...cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = "", prefix] = cidr.split("/");
    list.addSubnet(network, Number(prefix), network.includes(":") ? "ipv6" : "ipv4");
  }
  return list;
}

test("unusable and loopback addresses are those of their networks", () => {
  const unusable = listOf("0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::/128", "ff00::/8");
  const loopback = listOf("127.0.0.0/8", "::1/128");
  const policy = compileNamePolicy({
    ownNames: [],
    deniedSans: [],
    allowedCidrs: ["203.0.113.7/32"],
    allowedSuffixes: [],
    allowWildcards: false,
    allowOwn: false,
    requirePeerAddress: false,
  });
  fc.assert(
    fc.property(fc.oneof(edgeAddress, edgeAddress6, fc.ipV4(), fc.ipV6()), (text) => {
      const address = canonicalIp(text) ?? "203.0.113.7";
      const family = address.includes(":") ? "ipv6" : "ipv4";
      expect(isUnusable(address)).toBe(unusable.check(address, family));
      const asked = { commonName: "", dnsNames: [], ipAddresses: [address] };
      const allowed = applyNamePolicy(asked, policy, "203.0.113.1").ok;
      expect(allowed).toBe(address === "203.0.113.7" || loopback.check(address, family));
    }),
    { ...options, numRuns: 1000 },
  );
});

test("an open policy changes nothing, and a decision is the same the second time", () => {
  const policy = compileNamePolicy({
    ownNames: [],
    deniedSans: [],
    allowedCidrs: [],
    allowedSuffixes: [],
    allowWildcards: false,
    allowOwn: false,
    requirePeerAddress: false,
  });
  fc.assert(
    fc.property(names, (asked) => {
      const decision = applyNamePolicy(asked, policy, "");
      // A CN may hold an asterisk here; then it is a wildcard.
      fc.pre(!asked.commonName.includes("*"));
      expect(decision).toEqual({ ok: true, names: asked, leftOut: [] });
    }),
    options,
  );
});

test("no spelling of an own name comes through", () => {
  const policy = compileNamePolicy({
    ownNames: ["api.example.org", "10.5.0.1", "2001:db8::1"],
    deniedSans: [],
    allowedCidrs: [],
    allowedSuffixes: [],
    allowWildcards: true,
    allowOwn: false,
    requirePeerAddress: false,
  });
  const spelling = fc
    .tuple(
      fc.constantFrom("api.example.org", "10.5.0.1", "::ffff:10.5.0.1", "2001:db8::1", "2001:db8:0:0::0:1"),
      fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }),
      fc.constantFrom("", ".", "..", " "),
    )
    .map(
      ([text, upper, end]) =>
        text.replaceAll(/[a-z]/g, (c, i: number) => (upper[i] ? c.toUpperCase() : c)) + end,
    );
  fc.assert(
    fc.property(spelling, (name) => {
      const decision = applyNamePolicy({ commonName: name, dnsNames: [name], ipAddresses: [] }, policy, "");
      expect(decision).toMatchObject({ ok: true, names: { commonName: "", dnsNames: [] } });
    }),
    options,
  );
});

const PARSERS: readonly ((bytes: Uint8Array) => unknown)[] = [
  (bytes) => scanDer(bytes),
  (bytes) => readCertificate(bytes),
  (bytes) => readCertificates(bytes),
  (bytes) => readCertificates(encodePem("CERTIFICATE", bytes)),
  (bytes) => readCertificateRequest(bytes),
  (bytes) => readCertificateRequest(encodePem("CERTIFICATE REQUEST", bytes)),
  (bytes) => readPrivateKey(bytes),
  (bytes) => readPrivateKey(encodePem("PRIVATE KEY", bytes)),
  (bytes) => loadCertificateAuthority({ certificates: bytes, key: bytes }),
];

function readAll(bytes: Uint8Array): void {
  for (const parser of PARSERS) {
    try {
      parser(bytes);
    } catch (error) {
      if (!(error instanceof PkiError || error instanceof PemError)) throw error;
    }
  }
}

test("nothing but PkiError is thrown for random bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), readAll), options);
});

test("nothing but PkiError is thrown for random trees of DER", () => {
  const tag = fc.constantFrom(0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x17, 0x82, 0x87);
  const outer = fc.constantFrom(0x30, 0x31, 0xa0, 0xa3);
  const { tree } = fc.letrec<{ tree: Buffer; leaf: Buffer; node: Buffer }>((tie) => ({
    tree: fc.oneof({ maxDepth: 6 }, tie("leaf"), tie("node")),
    leaf: fc.tuple(tag, fc.uint8Array({ maxLength: 20 })).map(([each, content]) => der(each, content)),
    node: fc
      .tuple(outer, fc.array(tie("tree"), { maxLength: 5 }))
      .map(([each, children]) => der(each, ...children)),
  }));
  fc.assert(fc.property(tree, readAll), options);
});

test("a request with a changed byte is never signed", () => {
  const whole = requestDer();
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
      const changed = Buffer.from(whole);
      changed[index] = (changed[index] ?? 0) ^ flip;
      expect(() => readCertificateRequest(encodePem("CERTIFICATE REQUEST", changed))).toThrow(PkiError);
    }),
    { ...options, numRuns: 500 },
  );
});

test("a CA with a changed byte never loads as another CA", () => {
  const text = fixture("ed25519/ca.crt");
  const key = fixture("ed25519/ca.key");
  const { der: whole } = authority("ed25519").certificate;
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
      const changed = Buffer.from(whole);
      changed[index] = (changed[index] ?? 0) ^ flip;
      const loaded = loadCertificateAuthority({ certificates: encodePem("CERTIFICATE", changed), key });
      // Where issuer and subject part ways, the certificate is no longer self-signed and nothing vouches for it.
      if (loaded.ok) expect(loaded.issuing.certificate.issuer).not.toBe(loaded.issuing.certificate.subject);
    }),
    options,
  );
  expect(loadCertificateAuthority({ certificates: text, key }).ok).toBe(true);
});
