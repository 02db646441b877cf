import {
  applyNamePolicy,
  canonicalIp,
  compileNamePolicy,
  type NameDecision,
  type NamePolicy,
  type Names,
} from "@talos-bridge/pki";
import { describe, expect, test } from "vitest";
import { codeOf } from "./support/fixtures.ts";

const OPEN: NamePolicy = {
  ownNames: [],
  deniedSans: [],
  allowedCidrs: [],
  allowedSuffixes: [],
  allowWildcards: false,
  allowOwn: false,
  requirePeerAddress: false,
};

interface Asked {
  readonly cn?: string;
  readonly dns?: readonly string[];
  readonly ip?: readonly string[];
}

function decide(
  policy: Partial<NamePolicy>,
  { cn = "", dns = [], ip = [] }: Asked,
  peer = "10.5.0.4",
): NameDecision {
  const names = { commonName: cn, dnsNames: dns, ipAddresses: ip };
  return applyNamePolicy(names, compileNamePolicy({ ...OPEN, ...policy }), peer);
}

/** What is left of the names, or why nothing is. */
function outcome(decision: NameDecision): string {
  if (!decision.ok) return decision.reason;
  return textOf(decision.names);
}

function textOf({ commonName, dnsNames, ipAddresses }: Names): string {
  return [...(commonName === "" ? [] : [`CN=${commonName}`]), ...dnsNames, ...ipAddresses].join(" ");
}

const OWN = ["api.example.org", "10.5.0.1", "fd00::1", "localhost", "127.0.0.1", "::1"];

interface Row {
  readonly name: string;
  readonly policy: Partial<NamePolicy>;
  readonly asked: Asked;
  readonly want: string;
}

const OWN_ROWS: Row[] = [
  { name: "the name", policy: {}, asked: { dns: ["a", "api.example.org"] }, want: "a" },
  { name: "the name in capitals", policy: {}, asked: { dns: ["a", "API.Example.ORG"] }, want: "a" },
  { name: "the name as CN", policy: {}, asked: { cn: "api.example.org", dns: ["a"] }, want: "a" },
  {
    name: "the name as CN with a trailing dot",
    policy: {},
    asked: { cn: "api.example.org.", dns: ["a"] },
    want: "a",
  },
  {
    name: "the name as CN in white space",
    policy: {},
    asked: { cn: " api.example.org ", dns: ["a"] },
    want: "a",
  },
  { name: "the address", policy: {}, asked: { ip: ["10.5.0.4", "10.5.0.1"] }, want: "10.5.0.4" },
  { name: "the address as CN", policy: {}, asked: { cn: "10.5.0.1", dns: ["a"] }, want: "a" },
  { name: "the address as CN in brackets", policy: {}, asked: { cn: "[fd00::1]", dns: ["a"] }, want: "a" },
  { name: "the address as DNS name", policy: {}, asked: { dns: ["a", "10.5.0.1"] }, want: "a" },
  {
    name: "the address mapped to IPv6, as CN",
    policy: {},
    asked: { cn: "::ffff:10.5.0.1", dns: ["a"] },
    want: "a",
  },
  { name: "the IPv6 address", policy: {}, asked: { dns: ["a"], ip: ["fd00::1"] }, want: "a" },
  {
    name: "the IPv6 address in another spelling, as CN",
    policy: {},
    asked: { cn: "FD00:0:0:0:0:0:0:1", dns: ["a"] },
    want: "a",
  },
  {
    name: "a name that only ends alike",
    policy: {},
    asked: { dns: ["xapi.example.org", "b.api.example.org"] },
    want: "xapi.example.org b.api.example.org",
  },
  {
    name: "a wildcard over the name, with wildcards allowed",
    policy: { allowWildcards: true },
    asked: { dns: ["a", "*.example.org"] },
    want: "a",
  },
  {
    name: "a wildcard beside the name, with wildcards allowed",
    policy: { allowWildcards: true },
    asked: { dns: ["*.org", "*.api.example.org"] },
    want: "*.org *.api.example.org",
  },
  {
    name: "localhost and loopback",
    policy: {},
    asked: { dns: ["localhost"], ip: ["127.0.0.1", "::1"] },
    want: "localhost 127.0.0.1 ::1",
  },
  {
    name: "with ALLOW_OWN",
    policy: { allowOwn: true },
    asked: { cn: "api.example.org", ip: ["10.5.0.1"] },
    want: "CN=api.example.org 10.5.0.1",
  },
  { name: "all that was asked", policy: {}, asked: { cn: "api.example.org" }, want: "" },
];

describe("the signer's own names are left out", () => {
  test.each(OWN_ROWS)("$name", ({ policy, asked, want }) => {
    expect(outcome(decide({ ownNames: OWN, ...policy }, asked))).toBe(want);
  });

  test("and told, CN and all", () => {
    expect(
      decide({ ownNames: OWN }, { cn: "api.example.org", dns: ["*.a"], ip: ["10.5.0.1"] }),
    ).toMatchObject({
      leftOut: [
        { name: "api.example.org", reason: "own-name" },
        { name: "*.a", reason: "wildcard" },
        { name: "10.5.0.1", reason: "own-name" },
      ],
    });
  });
});

const WILDCARD_ROWS: Row[] = [
  { name: "left out", policy: {}, asked: { dns: ["*.example.org", "a"] }, want: "a" },
  { name: "left out as CN", policy: {}, asked: { cn: "*.example.org", dns: ["a"] }, want: "a" },
  {
    name: "left out in the middle of a CN",
    policy: {},
    asked: { cn: "w*.example.org", dns: ["a"] },
    want: "a",
  },
  {
    name: "kept where allowed",
    policy: { allowWildcards: true },
    asked: { dns: ["*.example.org"] },
    want: "*.example.org",
  },
];

describe("wildcards", () => {
  test.each(WILDCARD_ROWS)("$name", ({ policy, asked, want }) => {
    expect(outcome(decide(policy, asked))).toBe(want);
  });
});

const DENIED = [
  "vip.example.org",
  ".cp.example.org",
  "*.prod.example.org",
  "10.6.0.0/16",
  "10.5.0.9",
  "fd00:6::/32",
];
const DENIED_ROWS: { name: string; asked: Asked; denied: boolean; policy?: Partial<NamePolicy> }[] = [
  { name: "a name", asked: { dns: ["vip.example.org"] }, denied: true },
  { name: "a name in capitals", asked: { dns: ["VIP.example.org"] }, denied: true },
  { name: "a name as CN", asked: { cn: "vip.example.org" }, denied: true },
  { name: "a name as CN with dots behind", asked: { cn: "vip.example.org.." }, denied: true },
  { name: "a name below a denied one", asked: { dns: ["a.vip.example.org"] }, denied: false },
  { name: "a name of a suffix", asked: { dns: ["a.cp.example.org"] }, denied: true },
  { name: "a deep name of a suffix", asked: { dns: ["a.b.cp.example.org"] }, denied: true },
  { name: "the suffix itself", asked: { dns: ["cp.example.org"] }, denied: false },
  { name: "a name that ends alike without the dot", asked: { dns: ["xcp.example.org"] }, denied: false },
  { name: "a name below a denied wildcard", asked: { dns: ["a.prod.example.org"] }, denied: true },
  { name: "the denied wildcard", asked: { dns: ["*.prod.example.org"] }, denied: true },
  { name: "a wildcard over a denied name", asked: { dns: ["*.example.org"] }, denied: true },
  {
    name: "a wildcard over a denied name, allowed",
    asked: { dns: ["*.example.org"] },
    denied: true,
    policy: { allowWildcards: true },
  },
  { name: "a wildcard inside a suffix", asked: { dns: ["*.cp.example.org"] }, denied: true },
  { name: "an address", asked: { ip: ["10.5.0.9"] }, denied: true },
  { name: "an address as DNS name", asked: { dns: ["10.5.0.9"] }, denied: true },
  { name: "an address as CN", asked: { cn: "10.5.0.9" }, denied: true },
  { name: "an address mapped to IPv6, as CN", asked: { cn: "::ffff:a05:9" }, denied: true },
  { name: "an address in a network", asked: { ip: ["10.6.255.255"] }, denied: true },
  { name: "an address beside a network", asked: { ip: ["10.7.0.0"] }, denied: false },
  { name: "an IPv6 address in a network", asked: { ip: ["fd00:6::1"] }, denied: true },
  { name: "an IPv6 address beside a network", asked: { ip: ["fd00:7::1"] }, denied: false },
  { name: "one of many", asked: { dns: ["a", "b"], ip: ["10.5.0.4", "10.6.0.1"] }, denied: true },
];

describe("denied names refuse the request", () => {
  test.each(DENIED_ROWS)("$name", ({ asked, denied, policy = {} }) => {
    expect(outcome(decide({ deniedSans: DENIED, ...policy }, asked)) === "name-denied").toBe(denied);
  });

  test("before the signer's own are left out", () => {
    expect(decide({ deniedSans: ["10.5.0.1"], ownNames: ["10.5.0.1"] }, { ip: ["10.5.0.1"] })).toEqual({
      ok: false,
      reason: "name-denied",
    });
  });
});

const ALLOWED = {
  allowedCidrs: ["10.5.0.0/24", "fd00::/64", "192.0.2.7"],
  allowedSuffixes: ["example.org", ".lan", "*.home"],
};
const ALLOWED_ROWS: { name: string; asked: Asked; allowed: boolean }[] = [
  { name: "addresses of the networks", asked: { ip: ["10.5.0.4", "fd00::4", "192.0.2.7"] }, allowed: true },
  { name: "an address outside", asked: { ip: ["10.5.1.4"] }, allowed: false },
  { name: "an IPv6 address outside", asked: { ip: ["fd01::4"] }, allowed: false },
  { name: "an address outside as CN", asked: { cn: "10.5.1.4" }, allowed: false },
  { name: "an address outside as DNS name", asked: { dns: ["10.5.1.4"] }, allowed: false },
  { name: "loopback", asked: { ip: ["127.0.0.1", "127.8.8.8", "::1"] }, allowed: true },
  { name: "names of the domains", asked: { dns: ["a.example.org", "A.B.LAN", "a.home"] }, allowed: true },
  { name: "a domain itself", asked: { dns: ["example.org", "lan"] }, allowed: true },
  { name: "a name that ends alike without the dot", asked: { dns: ["badexample.org"] }, allowed: false },
  { name: "another domain", asked: { dns: ["a.example.com"] }, allowed: false },
  { name: "another domain as CN", asked: { cn: "a.example.com" }, allowed: false },
  { name: "a domain in the middle", asked: { dns: ["a.example.org.evil.com"] }, allowed: false },
  {
    name: "single labels and localhost",
    asked: { cn: "worker-1", dns: ["worker-1", "localhost"] },
    allowed: true,
  },
  { name: "nothing", asked: {}, allowed: true },
  { name: "one bad of many", asked: { dns: ["a.lan"], ip: ["10.5.0.4", "10.6.0.4"] }, allowed: false },
];

describe("allow-lists", () => {
  test.each(ALLOWED_ROWS)("$name", ({ asked, allowed }) => {
    const { cn = "", dns = [], ip = [] } = asked;
    const want = allowed ? textOf({ commonName: cn, dnsNames: dns, ipAddresses: ip }) : "name-not-allowed";
    expect(outcome(decide(ALLOWED, asked))).toBe(want);
  });

  test("of addresses say nothing about names, and the other way round", () => {
    expect(outcome(decide({ allowedCidrs: ["10.5.0.0/24"] }, { dns: ["a.example.com"] }))).toBe(
      "a.example.com",
    );
    expect(outcome(decide({ allowedSuffixes: ["example.org"] }, { ip: ["192.0.2.1"] }))).toBe("192.0.2.1");
  });
});

describe("the address of the caller", () => {
  const rows = [
    { name: "among the names", peer: "10.5.0.4", ok: true },
    { name: "among the names, mapped to IPv6", peer: "::ffff:10.5.0.4", ok: true },
    { name: "another", peer: "10.5.0.5", ok: false },
    { name: "an IPv6 one in another spelling", peer: "FD00:0::4", ok: true },
    { name: "not known", peer: "", ok: false },
  ];
  test.each(rows)("$name", ({ peer, ok }) => {
    const asked = { cn: "10.5.0.5", dns: ["10.5.0.5"], ip: ["127.0.0.1", "10.5.0.4", "fd00::4"] };
    const decision = decide({ requirePeerAddress: true }, asked, peer);
    expect(decision.ok ? "ok" : decision.reason).toBe(ok ? "ok" : "peer-address-missing");
    expect(decide({}, asked, peer).ok).toBe(true);
  });
});

describe("compileNamePolicy", () => {
  const rows: { name: string; policy: Partial<NamePolicy>; want: string }[] = [
    {
      name: "a network with too many bits",
      policy: { allowedCidrs: ["10.0.0.0/33"] },
      want: '"10.0.0.0/33" is not an address or CIDR',
    },
    {
      name: "a network of a name",
      policy: { allowedCidrs: ["example.org/8"] },
      want: '"example.org/8" is not an address or CIDR',
    },
    {
      name: "a network without bits",
      policy: { allowedCidrs: ["10.0.0.0/"] },
      want: '"10.0.0.0/" is not an address or CIDR',
    },
    { name: "a short network", policy: { allowedCidrs: ["10/8"] }, want: '"10/8" is not an address or CIDR' },
    {
      name: "an octal address",
      policy: { allowedCidrs: ["010.0.0.1"] },
      want: '"010.0.0.1" is not an address or CIDR',
    },
    {
      name: "a network of mapped addresses",
      policy: { allowedCidrs: ["::ffff:10.0.0.0/24"] },
      want: '"::ffff:10.0.0.0/24" is not an address or CIDR',
    },
    {
      name: "a domain that is none",
      policy: { allowedSuffixes: ["exa mple"] },
      want: '"exa mple" is not a domain',
    },
    { name: "an empty domain", policy: { allowedSuffixes: ["."] }, want: '"." is not a domain' },
    {
      name: "a denied entry that is nothing",
      policy: { deniedSans: ["a/b"] },
      want: '"a/b" is not a name, .suffix, address or CIDR',
    },
  ];
  test.each(rows)("$name", ({ policy, want }) => {
    const compile = (): unknown => compileNamePolicy({ ...OPEN, ...policy });
    expect(codeOf(compile)).toBe("ERR_PKI_NAME_POLICY");
    expect(compile).toThrow(want);
  });
});

describe("canonicalIp", () => {
  const rows: { text: string; want: string | undefined }[] = [
    { text: "10.5.0.4", want: "10.5.0.4" },
    { text: "::ffff:10.5.0.4", want: "10.5.0.4" },
    { text: "::FFFF:0A05:0004", want: "10.5.0.4" },
    { text: "2001:DB8:0:0:0:0:0:4", want: "2001:db8::4" },
    { text: "::1", want: "::1" },
    { text: "64:ff9b::10.0.0.1", want: "64:ff9b::a00:1" },
    { text: "::ffff:010.5.0.4", want: undefined },
    { text: "::ffff:0x0a.5.0.4", want: undefined },
    { text: "::10.5.0.4", want: undefined },
    { text: "1::00001", want: undefined },
    { text: "fe80::1%eth0", want: undefined },
    { text: "10.5.4", want: undefined },
    { text: "0x0a.5.0.4", want: undefined },
    { text: "010.5.0.4", want: undefined },
    { text: "167772161", want: undefined },
    { text: "10.5.0.4.", want: undefined },
    { text: "10.5.0.256", want: undefined },
    { text: "", want: undefined },
    { text: "worker-1", want: undefined },
  ];
  test.each(rows)("$text: $want", ({ text, want }) => {
    expect(canonicalIp(text)).toBe(want);
  });
});

describe("names that stand for others", () => {
  const rows: Row[] = [
    {
      name: "a name under the signer's own wildcard",
      policy: { ownNames: ["*.cp.example.org"] },
      asked: {
        cn: "api.cp.example.org",
        dns: ["API.cp.example.org.", "a.b.cp.example.org", "cp.example.org"],
      },
      want: "a.b.cp.example.org cp.example.org",
    },
    {
      name: "an own name that no DNS name equals is compared as it stands",
      policy: { ownNames: ["cp.example.org:50001", "10.0.0.0/8"] },
      asked: { cn: "CP.example.org:50001", dns: ["a"], ip: ["10.5.0.4"] },
      want: "a 10.5.0.4",
    },
    {
      name: "a CN with white space and dots behind it",
      policy: { ownNames: ["api.example.org"] },
      asked: { cn: "api.example.org . .", dns: ["a"] },
      want: "a",
    },
    {
      name: "a wildcard inside a label of a CN, even where wildcards are allowed",
      policy: { allowWildcards: true, ownNames: ["api.example.org"] },
      asked: { cn: "a*.example.org", dns: ["*.other.org"] },
      want: "*.other.org",
    },
    {
      name: "every IPv6 address allowed is no IPv4 address allowed",
      policy: { allowedCidrs: ["::/0"] },
      asked: { ip: ["10.5.0.4"] },
      want: "name-not-allowed",
    },
    {
      name: "every IPv6 address denied is no IPv4 address denied",
      policy: { deniedSans: ["::/0"] },
      asked: { ip: ["10.5.0.4"] },
      want: "10.5.0.4",
    },
    {
      name: "a CN that is no DNS name lies in no domain",
      policy: { allowedSuffixes: ["corp.test"] },
      asked: { cn: "evil.com/.corp.test" },
      want: "name-not-allowed",
    },
    {
      name: "a CN with another script's full stop is no single label",
      policy: { allowedSuffixes: ["corp.test"] },
      asked: { cn: "evil\u3002test" },
      want: "name-not-allowed",
    },
  ];
  test.each(rows)("row 3: $name", ({ policy, asked, want }) => {
    expect(outcome(decide(policy, asked))).toBe(want);
  });
});
