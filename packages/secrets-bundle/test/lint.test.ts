import {
  createCertificateAuthority,
  generateKey,
  issueCertificate,
  loadCertificateAuthority,
  PROFILES,
} from "@talos-bridge/pki";
import {
  createTalosconfig,
  encodeSecretsBundle,
  encodeTalosconfig,
  encodeWorkerConfig,
  lintMachineConfig,
  lintSecretsBundle,
  lintTalosconfig,
  readSecretsBundle,
  type CertificateAndKey,
  type SecretsBundle,
} from "@talos-bridge/secrets-bundle";
import { describe, expect, test } from "vitest";
import { brief } from "./support/errors.ts";
import { base64, fixture, NOW, SECRETS, withLine } from "./support/fixtures.ts";

const DAY_MS = 24 * 3_600_000;
const clock = { now: NOW };
const bundle = readSecretsBundle(SECRETS);
const faulty = (name: string): CertificateAndKey => ({
  crt: fixture(`faulty/${name}.crt`),
  key: fixture(`faulty/${name}.key`),
});
const withOs = (os: CertificateAndKey): SecretsBundle => ({ ...bundle, certs: { ...bundle.certs, os } });
const later = (days: number): { now: Date } => ({ now: new Date(NOW.getTime() + days * DAY_MS) });

/** Pairs that pki makes are PKCS#8, which Talos reads as well as its own labels. */
async function newCa(input: { now?: Date; days?: number } = {}): Promise<CertificateAndKey> {
  const { now = NOW, days = 3_650 } = input;
  const { certificatePem, keyPem } = await createCertificateAuthority({ now, lifetimeMs: days * DAY_MS });
  return { crt: certificatePem, key: keyPem };
}

describe("a bundle", () => {
  test("of Talos is found no fault with", () => {
    expect(lintSecretsBundle(SECRETS, clock)).toEqual([]);
  });

  const rows: { name: string; input: string; want: readonly string[] }[] = [
    {
      name: "SOPS",
      input: withLine(SECRETS, "id: ", "id: ENC[AES256_GCM,data:AA==,type:str]"),
      want: [" encrypted"],
    },
    {
      name: "redacted and missing, both told",
      input: withLine(withLine(SECRETS, "id: ", "id: '******'"), "secret: ", "other: a"),
      want: ["cluster.id redacted", "cluster.secret missing"],
    },
    {
      name: "the capitalised spelling, which talosctl passes over",
      input: SECRETS.replace("trustdinfo:\n    token", "TrustdInfo:\n    Token"),
      want: ["trustdinfo.token spelling"],
    },
    {
      name: "an intermediate CA",
      input: encodeSecretsBundle(withOs(faulty("intermediate"))),
      want: ["certs.os.crt intermediate-ca"],
    },
    {
      name: "no CA",
      input: encodeSecretsBundle(withOs(faulty("not-a-ca"))),
      want: ["certs.os.crt not-a-ca"],
    },
    {
      name: "row 41: SHA-1",
      input: encodeSecretsBundle(withOs(faulty("sha1"))),
      want: ["certs.os.crt weak-signature"],
    },
    {
      name: "row 41: RSA-1024",
      input: encodeSecretsBundle(withOs(faulty("rsa-1024"))),
      want: ["certs.os.crt weak-key", "certs.os.key weak-key"],
    },
    {
      name: "two certificates, of which Talos reads one",
      input: encodeSecretsBundle(
        withOs({ ...bundle.certs.os, crt: bundle.certs.os.crt + bundle.certs.etcd.crt }),
      ),
      want: ["certs.os.crt several-certificates"],
    },
    {
      name: "a changed signature",
      input: encodeSecretsBundle(
        withOs({
          ...bundle.certs.os,
          crt: bundle.certs.os.crt.replace(/.(?=.{10}\n-----END)/, (last) => (last === "A" ? "B" : "A")),
        }),
      ),
      want: ["certs.os.crt bad-signature"],
    },
    {
      name: "a bootstrap token that Kubernetes refuses",
      input: withLine(SECRETS, "bootstraptoken: ", "bootstraptoken: ABCDEF.0123456789abcdef"),
      want: ["secrets.bootstraptoken token-shape"],
    },
    {
      name: "a join token that is not Talos's",
      input: withLine(SECRETS, "token: ", "token: correct-horse"),
      want: ["trustdinfo.token token-shape"],
    },
    {
      name: "a join token that can't be sent",
      input: withLine(SECRETS, "token: ", 'token: "two words"'),
      want: ["trustdinfo.token token-shape"],
    },
    { name: "a short id", input: withLine(SECRETS, "id: ", "id: abc="), want: ["cluster.id secret-shape"] },
    {
      name: "a short secret",
      input: withLine(
        SECRETS,
        "secretboxencryptionsecret: ",
        "secretboxencryptionsecret: AAAAAAAAAAAAAAAAAAAAAA==",
      ),
      want: ["secrets.secretboxencryptionsecret secret-shape"],
    },
    { name: "no YAML", input: "a: [", want: [" unreadable"] },
  ];
  test.each(rows)("$name", ({ input, want }) => {
    expect(brief(lintSecretsBundle(input, clock))).toEqual(want);
  });

  test("a shape that works is a warning, one that does not is an error", () => {
    const severities = ["correct-horse", '"two words"'].map(
      (token) => lintSecretsBundle(withLine(SECRETS, "token: ", `token: ${token}`), clock)[0]?.severity,
    );
    expect(severities).toEqual(["warning", "error"]);
  });

  const dates: { name: string; days: number; within?: number; want: string | undefined }[] = [
    { name: "long before its end", days: 0, want: undefined },
    { name: "29 days before", days: 71, want: "warning expiring" },
    { name: "31 days before", days: 69, want: undefined },
    { name: "31 days before, asked for 40", days: 69, within: 40, want: "warning expiring" },
    { name: "after", days: 101, want: "error expired" },
    { name: "before it began", days: -1, want: "error not-yet-valid" },
  ];
  test.each(dates)("a CA $name: $want", async ({ days, within, want }) => {
    const text = encodeSecretsBundle(withOs(await newCa({ days: 100 })));
    const at = { ...later(days), ...(within === undefined ? {} : { expiringWithinMs: within * DAY_MS }) };
    const found = lintSecretsBundle(text, at).filter(({ path }) => path === "certs.os.crt");
    expect(found.map(({ severity, code }) => `${severity} ${code}`)).toEqual(
      want === undefined ? [] : [want],
    );
  });
});

describe("a machine config", () => {
  const worker = encodeWorkerConfig({
    bundle,
    talosVersion: "1.13",
    clusterName: "demo",
    endpoint: "https://10.10.10.100:6443",
  });
  const controlPlane = fixture("talos/controlplane-commented.yaml");

  test("of Talos is found no fault with, nor foreign to its bundle", () => {
    for (const text of [worker, controlPlane])
      expect(lintMachineConfig(text, { ...clock, bundle })).toEqual([]);
  });

  const rows: { name: string; input: string; want: readonly string[] }[] = [
    {
      name: "a worker with a CA key",
      input: worker.replace('key: ""', `key: ${base64(bundle.certs.os.key)}`),
      want: ["machine.ca.key key-on-worker"],
    },
    {
      name: "nobody trusted, no token, no endpoint",
      input: "machine:\n    type: worker\ncluster:\n    token: abcdef.0123456789abcdef\n",
      want: ["machine.token missing", "machine.ca.crt missing", "cluster.controlPlane.endpoint missing"],
    },
    ...["10.10.10.100:6443", "10.10.10.100", "https://", "https://a b:6443"].map((endpoint) => ({
      name: `the control plane at ${endpoint}`,
      input: worker.replace("https://10.10.10.100:6443", endpoint),
      want: ["cluster.controlPlane.endpoint endpoint"],
    })),
    {
      name: "a KMS in the clear",
      input: worker.replace(
        "    features:",
        `    systemDiskEncryption:\n        state:\n            keys:\n                - kms: {endpoint: "grpc://kms:1"}\n    features:`,
      ),
      want: ["machine.systemDiskEncryption.state.keys[0].kms.endpoint kms-plaintext"],
    },
    {
      name: "a KMS without a scheme, in a document of its own",
      input: `${worker}---\nkind: VolumeConfig\nname: STATE\nencryption:\n    keys:\n        - kms:\n            endpoint: kms:4050\n`,
      want: ["VolumeConfig STATE encryption.keys[0].kms.endpoint kms-plaintext"],
    },
    {
      name: "an accepted CA that is none",
      input: worker.replace(
        "    certSANs",
        `    acceptedCAs:\n        - crt: ${base64(fixture("faulty/intermediate.crt"))}\n        - crt: LS0t\n    certSANs`,
      ),
      want: ["machine.acceptedCAs[0].crt intermediate-ca", "machine.acceptedCAs[1].crt certificate"],
    },
    {
      name: "redacted",
      input: withLine(worker, "token: ", "token: '******'"),
      want: ["machine.token redacted"],
    },
  ];
  test.each(rows)("$name", ({ input, want }) => {
    expect(brief(lintMachineConfig(input, clock))).toEqual(want);
  });

  test("of another cluster is foreign", async () => {
    const other: SecretsBundle = {
      ...withOs(await newCa()),
      trustdInfo: { token: "aaaaaa.bbbbbbbbbbbbbbbb" },
      cluster: { ...bundle.cluster, id: bundle.cluster.id.toLowerCase() },
    };
    expect(brief(lintMachineConfig(worker, { ...clock, bundle: other }))).toEqual([
      "cluster.id foreign-value",
      "machine.token foreign-value",
      "machine.ca.crt foreign-ca",
    ]);
  });

  test("of a cluster whose CA is being rotated is not foreign", async () => {
    const next = await newCa();
    const text = encodeWorkerConfig({
      bundle: withOs(next),
      acceptedCas: [bundle.certs.os.crt],
      talosVersion: "1.13",
      clusterName: "demo",
      endpoint: "https://10.10.10.100:6443",
    });
    expect(lintMachineConfig(text, { ...clock, bundle })).toEqual([]);
  });
});

const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/** A talosconfig whose client certificate was issued by `ca` with these usages. */
async function talosconfigOf(input: {
  ca?: CertificateAndKey;
  usage?: readonly string[];
  context?: string;
}): Promise<string> {
  const { ca = bundle.certs.os, usage = [CLIENT_AUTH] } = input;
  const loaded = loadCertificateAuthority({ certificates: ca.crt, key: ca.key });
  if (!loaded.ok) throw new Error("no CA");
  const key = await generateKey("ed25519");
  const { pem } = await issueCertificate(loaded.issuing, {
    profile: { ...PROFILES.talosClient, extendedKeyUsage: usage },
    names: { commonName: "", dnsNames: [], ipAddresses: [] },
    spki: key.publicKey.spki,
    now: NOW,
    lifetimeMs: 365 * DAY_MS,
  });
  const client = { crt: pem, key: String(key.key.export({ type: "pkcs8", format: "pem" })) };
  return encodeTalosconfig(
    createTalosconfig({ context: "demo", endpoints: ["10.5.0.2"], ca: bundle.certs.os.crt, client }),
  );
}

describe("a talosconfig", () => {
  test("of Talos is found no fault with", () => {
    expect(lintTalosconfig(fixture("talos/talosconfig"), clock)).toEqual([]);
  });

  test("without the client-auth usage, as old ones are", async () => {
    expect(brief(lintTalosconfig(await talosconfigOf({ usage: [SERVER_AUTH] }), clock))).toEqual([
      "contexts.demo.crt no-client-auth",
    ]);
  });

  test("of another CA", async () => {
    expect(brief(lintTalosconfig(await talosconfigOf({ ca: await newCa() }), clock))).toEqual([
      "contexts.demo.crt unknown-authority",
    ]);
  });

  test("that has expired, soon will, or is of tomorrow", async () => {
    const text = await talosconfigOf({});
    expect(brief(lintTalosconfig(text, later(366)))).toEqual(["contexts.demo.crt expired"]);
    expect(brief(lintTalosconfig(text, later(340)))).toEqual(["contexts.demo.crt expiring"]);
    expect(brief(lintTalosconfig(text, later(-1)))).toEqual(["contexts.demo.crt not-yet-valid"]);
  });

  test("with the key of another", async () => {
    const [a, b] = [await talosconfigOf({}), await talosconfigOf({})];
    const key = /key: \S+/.exec(b)?.[0] ?? "";
    expect(brief(lintTalosconfig(a.replace(/key: \S+/, key), clock))).toEqual([
      "contexts.demo.key key-mismatch",
    ]);
  });

  const rows: { name: string; input: string; want: readonly string[] }[] = [
    {
      name: "a current context that is not there",
      input: "context: b\ncontexts:\n    a: {endpoints: [x], auth: {siderov1: {identity: a@b}}}\n",
      want: ["context context"],
    },
    {
      name: "no endpoints, no credentials",
      input: "context: a\ncontexts:\n    a: {}\n",
      want: ["contexts.a.endpoints endpoint", "contexts.a.crt missing"],
    },
    {
      name: "a certificate without its key",
      input: `context: a\ncontexts:\n    a: {endpoints: [x], crt: ${base64(bundle.certs.os.crt)}}\n`,
      want: ["contexts.a.key missing"],
    },
    {
      name: "a CA that is none",
      input: `context: a\ncontexts:\n    a: {endpoints: [x], ca: LS0t, auth: {siderov1: {identity: a@b}}}\n`,
      want: ["contexts.a.ca certificate"],
    },
    {
      name: "an intermediate CA",
      input: `context: a\ncontexts:\n    a: {endpoints: [x], ca: ${base64(fixture("faulty/intermediate.crt"))}, auth: {siderov1: {identity: a@b}}}\n`,
      want: ["contexts.a.ca intermediate-ca"],
    },
  ];
  test.each(rows)("$name", ({ input, want }) => {
    expect(brief(lintTalosconfig(input, clock))).toEqual(want);
  });
});
