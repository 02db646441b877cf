import { decodeSinglePem, encodePem } from "@talos-bridge/pem";
import {
  acceptedCas,
  convertPrivateKey,
  encodeCertificates,
  encodePrivateKey,
  generateKey,
  mergeAcceptedCas,
  readAcceptedCas,
  readCertificates,
  readPrivateKey,
  removeAcceptedCa,
  renewalOf,
  talosClientProfile,
  type Certificate,
  type KeyFormat,
  type RenewalRule,
} from "@talos-bridge/pki";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { describe, expect, test } from "vitest";
import { authority, codeOf, fixture } from "./support/fixtures.ts";

const labelOf = (pem: string): string | undefined => /^-----BEGIN (.*)-----\n/.exec(pem)?.[1];
const pkcs8Of = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
const curve = (namedCurve: string): string => pkcs8Of(generateKeyPairSync("ec", { namedCurve }).privateKey);

describe("keys", () => {
  const rows: { name: string; pem: string; type: string; bits: number; old: "sec1" | "pkcs1" | undefined }[] =
    [
      { name: "Ed25519", pem: fixture("talos/os.key"), type: "ed25519", bits: 256, old: undefined },
      { name: "P-256", pem: fixture("talos/etcd.key"), type: "ecdsa-p256", bits: 256, old: "sec1" },
      { name: "P-384", pem: curve("P-384"), type: "ecdsa-p384", bits: 384, old: "sec1" },
      { name: "P-521", pem: curve("P-521"), type: "ecdsa-p521", bits: 521, old: "sec1" },
      { name: "RSA of 2,048 bits", pem: fixture("rsa-2048.key"), type: "rsa", bits: 2048, old: "pkcs1" },
      { name: "RSA of 4,096 bits", pem: fixture("rsa-4096/ca.key"), type: "rsa", bits: 4096, old: "pkcs1" },
      { name: "RSA of 8,192 bits", pem: fixture("rsa-8192.key"), type: "rsa", bits: 8192, old: "pkcs1" },
    ];
  const LABELS: Readonly<Record<KeyFormat, string>> = {
    pkcs8: "PRIVATE KEY",
    sec1: "EC PRIVATE KEY",
    pkcs1: "RSA PRIVATE KEY",
    talos: "ED25519 PRIVATE KEY",
  };

  test.each(rows)("$name: read in each format it has, and written in each", ({ pem, type, bits, old }) => {
    const key = readPrivateKey(pem);
    expect(key.publicKey).toMatchObject({ type, bits });
    for (const format of ["pkcs8", "sec1", "pkcs1", "talos"] as const) {
      const has = format === "pkcs8" || format === "talos" || format === old;
      expect(codeOf(() => encodePrivateKey(key, format))).toBe(has ? "ok" : "ERR_PKI_KEY_FORMAT");
      if (!has) continue;
      const written = convertPrivateKey(pem, format);
      expect(labelOf(written)).toBe(LABELS[format === "talos" ? (old ?? "talos") : format]);
      expect(readPrivateKey(written).publicKey.spki).toEqual(key.publicKey.spki);
      // And back: nothing is lost on the way.
      expect(convertPrivateKey(written, "pkcs8")).toBe(encodePrivateKey(key, "pkcs8"));
    }
  });

  test("what is written as PKCS#8 is Node's own key", () => {
    const pem = convertPrivateKey(fixture("talos/os.key"), "pkcs8");
    const { publicKey } = readPrivateKey(fixture("talos/os.key"));
    expect(createPublicKey(createPrivateKey(pem)).export({ type: "spki", format: "der" })).toEqual(
      Buffer.from(publicKey.spki),
    );
  });

  test("a format that the type does not have is told without a byte of the key", () => {
    const refused = (): string => convertPrivateKey(fixture("talos/os.key"), "sec1");
    expect(refused).toThrow("SEC 1 holds ECDSA keys, and this is a key of type ed25519");
  });

  const [rsa = "", ec = "", ed = ""] = ["rsa-2048.key", "talos/etcd.key", "talos/os.key"].map(fixture);
  const derOf = (pem: string, format: KeyFormat): Uint8Array => {
    const written = convertPrivateKey(pem, format);
    return decodeSinglePem(written, { labels: [labelOf(written) ?? ""] }).der;
  };
  test.each([
    { name: "PKCS#8 under PKCS#1's label", label: "RSA PRIVATE KEY", der: derOf(rsa, "pkcs8") },
    { name: "PKCS#1 under PKCS#8's label", label: "PRIVATE KEY", der: derOf(rsa, "pkcs1") },
    { name: "SEC 1 under PKCS#1's label", label: "RSA PRIVATE KEY", der: derOf(ec, "sec1") },
    { name: "SEC 1 under PKCS#8's label", label: "PRIVATE KEY", der: derOf(ec, "sec1") },
    { name: "PKCS#8 under SEC 1's label", label: "EC PRIVATE KEY", der: derOf(ec, "pkcs8") },
    { name: "ECDSA under Talos's Ed25519 label", label: "ED25519 PRIVATE KEY", der: derOf(ec, "pkcs8") },
    { name: "RSA under Talos's Ed25519 label", label: "ED25519 PRIVATE KEY", der: derOf(rsa, "pkcs8") },
    { name: "Ed25519 under SEC 1's label", label: "EC PRIVATE KEY", der: derOf(ed, "pkcs8") },
  ])("$name: ERR_PKI_KEY", ({ label, der }) => {
    expect(codeOf(() => readPrivateKey(encodePem(label, der)))).toBe("ERR_PKI_KEY");
  });

  test("each type that is made is made anew", async () => {
    for (const type of ["ed25519", "ecdsa-p256", "rsa-2048"] as const) {
      const { publicKey } = await generateKey(type);
      expect(type.startsWith(publicKey.type)).toBe(true);
    }
  });
});

describe("bundles of accepted CAs", () => {
  const [os, etcd, rsa] = ["talos/os.crt", "talos/etcd.crt", "rsa-4096/ca.crt"].map(
    (path) => readCertificates(fixture(path))[0],
  );
  if (os === undefined || etcd === undefined || rsa === undefined) throw new Error("no fixtures");
  const keyTypes = (bundle: readonly Certificate[]): string =>
    bundle.map(({ publicKey }) => publicKey.type).join(" ");
  const fingerprint = ({ der }: Certificate): string => createHash("sha256").update(der).digest("hex");

  test("read: comments and doubles go", () => {
    const pem = encodeCertificates([rsa, os]);
    expect(keyTypes(readAcceptedCas(`# old\n${pem}\n# again\n${pem}`))).toBe("rsa ed25519");
  });

  test.each([
    { name: "a leaf", pem: fixture("ed25519/worker.crt"), want: "ERR_PKI_STRUCTURE" },
    {
      name: "a key",
      pem: encodeCertificates([os]) + fixture("talos/os.key"),
      want: "ERR_PKI_KEY_IN_CERTIFICATES",
    },
    { name: "nothing", pem: "", want: "ERR_PKI_PEM" },
  ])("read: $name is refused with $want", ({ pem, want }) => {
    expect(codeOf(() => readAcceptedCas(pem))).toBe(want);
  });

  test.each([
    { name: "nothing", bundles: [], last: undefined, want: "" },
    {
      name: "in the order they appear",
      bundles: [[os, rsa], [etcd]],
      last: undefined,
      want: "ed25519 rsa ecdsa-p256",
    },
    { name: "each once", bundles: [[os, rsa, os], [rsa]], last: undefined, want: "ed25519 rsa" },
    { name: "one of them last", bundles: [[os, rsa], [etcd]], last: os, want: "rsa ecdsa-p256 ed25519" },
    { name: "a new one last", bundles: [[os]], last: rsa, want: "ed25519 rsa" },
  ])("merge: $name", ({ bundles, last, want }) => {
    expect(keyTypes(mergeAcceptedCas(bundles, last))).toBe(want);
  });

  test("the issuing CA comes last", () => {
    const issuing = authority("rsa-4096");
    expect(keyTypes(acceptedCas({ configured: [rsa, os, os], issuing }))).toBe("ed25519 rsa");
  });

  test("remove one, by its fingerprint in any spelling", () => {
    const id = fingerprint(os);
    for (const spelling of [id, id.toUpperCase(), id.replaceAll(/(..)(?=.)/g, "$1:")]) {
      expect(keyTypes(removeAcceptedCa([os, rsa], spelling))).toBe("rsa");
    }
  });

  test.each([
    { name: "one that is not there", bundle: [os, rsa], which: etcd },
    { name: "the last one", bundle: [os], which: os },
    { name: "one of none", bundle: [], which: os },
  ])("remove $name: ERR_PKI_BUNDLE", ({ bundle, which }) => {
    expect(codeOf(() => removeAcceptedCa(bundle, fingerprint(which)))).toBe("ERR_PKI_BUNDLE");
  });
});

describe("roles", () => {
  const rows: {
    roles: readonly string[];
    force?: boolean;
    want: readonly string[] | string;
    unknown?: readonly string[];
  }[] = [
    { roles: ["os:admin"], want: ["os:admin"] },
    { roles: ["os:reader", " os:admin ", "os:reader"], want: ["os:admin", "os:reader"] },
    { roles: ["os:operator", "os:etcd:backup"], want: ["os:etcd:backup", "os:operator"] },
    { roles: ["os:image:verifier", "os:meta:writer"], want: ["os:image:verifier", "os:meta:writer"] },
    { roles: ["os:new-role", "os:admin"], want: ["os:admin", "os:new-role"], unknown: ["os:new-role"] },
    { roles: ["os:impersonator"], want: "ERR_PKI_ROLE" },
    { roles: ["os:impersonator"], force: true, want: ["os:impersonator"] },
    { roles: [], want: "ERR_PKI_ROLE" },
    { roles: [""], want: "ERR_PKI_ROLE" },
    { roles: ["admin"], want: "ERR_PKI_ROLE" },
    { roles: ["os:"], want: "ERR_PKI_ROLE" },
    { roles: ["OS:admin"], want: "ERR_PKI_ROLE" },
    { roles: ["os:admin, os:reader"], want: "ERR_PKI_ROLE" },
    { roles: ["system:masters"], want: "ERR_PKI_ROLE" },
  ];
  test.each(rows)("$roles, force $force: $want", ({ roles, force, want, unknown = [] }) => {
    const options = force === undefined ? {} : { allowImpersonator: force };
    let made: ReturnType<typeof talosClientProfile> | undefined;
    const code = codeOf(() => {
      made = talosClientProfile(roles, options);
    });
    expect(code === "ok" ? made?.profile.organizations : code).toEqual(want);
    if (code === "ok") expect(made?.unknownRoles).toEqual(unknown);
  });
});

describe("renewal", () => {
  const notBefore = new Date("2030-01-01T00:00:00Z");
  const notAfter = new Date("2030-01-11T00:00:00Z");
  const DAY_MS = 86_400_000;
  const rows: { name: string; rule: RenewalRule; dueAt: string }[] = [
    { name: "half of its life", rule: { fraction: 0.5 }, dueAt: "2030-01-06T00:00:00.000Z" },
    { name: "all of its life", rule: { fraction: 1 }, dueAt: "2030-01-11T00:00:00.000Z" },
    {
      name: "three days before the end",
      rule: { beforeEndMs: 3 * DAY_MS },
      dueAt: "2030-01-08T00:00:00.000Z",
    },
    { name: "at the end", rule: { beforeEndMs: 0 }, dueAt: "2030-01-11T00:00:00.000Z" },
    {
      name: "longer before than it lives",
      rule: { beforeEndMs: 30 * DAY_MS },
      dueAt: "2030-01-01T00:00:00.000Z",
    },
  ];
  test.each(rows)("$name: $dueAt", ({ rule, dueAt }) => {
    const due = new Date(dueAt);
    expect(renewalOf({ notBefore, notAfter }, due, rule)).toEqual({
      dueAt: due,
      due: true,
      remainingMs: notAfter.getTime() - due.getTime(),
    });
    expect(renewalOf({ notBefore, notAfter }, new Date(due.getTime() - 1), rule).due).toBe(false);
  });

  test("once it is expired the rest is negative", () => {
    const now = new Date(notAfter.getTime() + 1);
    expect(renewalOf({ notBefore, notAfter }, now, { fraction: 0.5 })).toMatchObject({
      due: true,
      remainingMs: -1,
    });
  });

  test.each([
    { fraction: 0 },
    { fraction: 1.01 },
    { fraction: Number.NaN },
    { beforeEndMs: -1 },
    { beforeEndMs: Number.POSITIVE_INFINITY },
  ])("%o is no rule", (rule) => {
    expect(codeOf(() => renewalOf({ notBefore, notAfter }, notAfter, rule))).toBe("ERR_PKI_VALIDITY");
  });
});
