import {
  encodeSecretsBundle,
  FIELD_PATHS,
  readField,
  readSecretsBundle,
  type SecretsBundle,
} from "@talos-bridge/secrets-bundle";
import { describe, expect, test } from "vitest";
import { base64, fixture, SECRETS, withLine } from "./support/fixtures.ts";
import { brief, codeOf, errorOf } from "./support/errors.ts";

const bundle = readSecretsBundle(SECRETS);

/** The same bundle as JSON of Talos's Go types, with the spelling of older guides. */
function capitalised({ cluster, secrets, trustdInfo, certs }: SecretsBundle): unknown {
  const pair = ({ crt, key }: { crt: string; key: string }): unknown => ({
    Crt: base64(crt),
    Key: base64(key),
  });
  return {
    Cluster: { Id: cluster.id, Secret: cluster.secret },
    Secrets: {
      BootstrapToken: secrets.bootstrapToken,
      SecretboxEncryptionSecret: secrets.secretboxEncryptionSecret,
    },
    TrustdInfo: { Token: trustdInfo.token },
    Certs: {
      Etcd: pair(certs.etcd),
      K8s: pair(certs.k8s),
      K8sAggregator: pair(certs.k8sAggregator),
      K8sServiceAccount: { Key: base64(certs.k8sServiceAccount.key) },
      OS: pair(certs.os),
    },
  };
}

describe("reading", () => {
  test("what talosctl wrote is written again byte for byte", () => {
    expect(encodeSecretsBundle(bundle)).toBe(SECRETS);
  });

  const rows = [
    { name: "JSON in the capitalised spelling", input: JSON.stringify(capitalised(bundle)) },
    { name: "bytes", input: Buffer.from(SECRETS) },
    { name: "a byte order mark and CRLF", input: `\ufeff${SECRETS.replaceAll("\n", "\r\n")}` },
    { name: "comments, document marks and unknown fields", input: `# mine\n---\n${SECRETS}extra: [1, 2]\n` },
    {
      name: "base64 in several lines",
      input: SECRETS.replace(/key: (?<all>\S+)$/m, (line) =>
        line.replace(/(?<=key: )(.{40})(.*)/, "|\n            $1\n            $2"),
      ),
    },
    {
      name: "aliases",
      input: SECRETS.replace(/crt: (?=\S+\n\s+key: \S+\n\s+k8s:)/, "crt: &etcd ").concat("other: *etcd\n"),
    },
  ];
  test.each(rows)("$name", ({ input }) => {
    expect(readSecretsBundle(input)).toEqual(bundle);
  });

  test("a token of digits alone stays text", () => {
    const digits = withLine(SECRETS, "bootstraptoken: ", "bootstraptoken: 123456.0123456789012345");
    expect(readSecretsBundle(digits).secrets.bootstrapToken).toBe("123456.0123456789012345");
    expect(encodeSecretsBundle(readSecretsBundle(digits))).toContain(
      'bootstraptoken: "123456.0123456789012345"',
    );
  });

  test("the older encryption secret takes the place of the newer", () => {
    const old = SECRETS.replace("secretboxencryptionsecret", "aescbcencryptionsecret");
    expect(readSecretsBundle(old).secrets).toEqual({
      bootstrapToken: bundle.secrets.bootstrapToken,
      aescbcEncryptionSecret: bundle.secrets.secretboxEncryptionSecret,
      secretboxEncryptionSecret: undefined,
    });
    expect(encodeSecretsBundle(readSecretsBundle(old))).toBe(old);
  });
});

describe("what is no sound bundle is refused", () => {
  const os = /(?<=\n {4}os:\n {8}crt: )\S+/;
  const rows: { name: string; input: string; want: string; findings?: readonly string[] }[] = [
    { name: "another kind of file", input: "context: a\ncontexts: {}\n", want: "ERR_BUNDLE_KIND" },
    { name: "a list", input: "- cluster\n", want: "ERR_BUNDLE_KIND" },
    { name: "nothing", input: "# nothing\n", want: "ERR_BUNDLE_DOCUMENTS" },
    { name: "two documents", input: `${SECRETS}---\n${SECRETS}`, want: "ERR_BUNDLE_DOCUMENTS" },
    {
      name: "fields that are missing, all at once",
      input: "cluster:\n    id: x\ncerts: null\n",
      want: "ERR_BUNDLE_INVALID",
      findings: [
        ...FIELD_PATHS.filter((path) => path !== "cluster.id" && !path.endsWith("encryptionsecret")).map(
          (path) => `${path} missing`,
        ),
        "secrets.aescbcencryptionsecret, secrets.secretboxencryptionsecret missing",
      ],
    },
    {
      name: "both encryption secrets",
      input: SECRETS.replace(/( +)secretbox(encryptionsecret: \S+\n)/, "$1secretbox$2$1aescbc$2"),
      want: "ERR_BUNDLE_INVALID",
      findings: ["secrets.aescbcencryptionsecret, secrets.secretboxencryptionsecret ambiguous"],
    },
    {
      name: "one field in two spellings",
      input: SECRETS.replace("cluster:\n", "Cluster: {id: a}\ncluster:\n"),
      want: "ERR_BUNDLE_DUPLICATE_KEY",
    },
    {
      name: "SOPS by its block",
      input: `${SECRETS}sops:\n    mac: ENC[AES256_GCM,data:x]\n`,
      want: "ERR_BUNDLE_ENCRYPTED",
    },
    {
      name: "SOPS by one value",
      input: withLine(SECRETS, "token: ", "token: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]"),
      want: "ERR_BUNDLE_ENCRYPTED",
    },
    {
      name: "a value that Talos redacted",
      input: withLine(SECRETS, "token: ", "token: '******'"),
      want: "ERR_BUNDLE_REDACTED",
      findings: ["trustdinfo.token redacted"],
    },
    {
      name: "a value that somebody redacted",
      input: withLine(SECRETS, "secret: ", "secret: <REDACTED>"),
      want: "ERR_BUNDLE_REDACTED",
      findings: ["cluster.secret redacted"],
    },
    {
      name: "a key redacted before it was encoded",
      input: SECRETS.replace(/key: \S+/, `key: ${base64("REDACTED")}`),
      want: "ERR_BUNDLE_REDACTED",
      findings: ["certs.etcd.key redacted"],
    },
    {
      name: "PEM without base64",
      input: SECRETS.replace(os, `|\n${bundle.certs.os.crt.replaceAll(/^/gm, " ".repeat(12))}`),
      want: "ERR_BUNDLE_INVALID",
      findings: ["certs.os.crt base64"],
    },
    {
      name: "base64 with something else in it",
      input: SECRETS.replace(os, "LS0t!LS0t"),
      want: "ERR_BUNDLE_INVALID",
      findings: ["certs.os.crt base64"],
    },
    {
      name: "a list for a text",
      input: withLine(SECRETS, "token: ", "token: [a, b]"),
      want: "ERR_BUNDLE_INVALID",
      findings: ["trustdinfo.token type"],
    },
    {
      name: "a key in a certificate's place",
      input: SECRETS.replace(os, base64(bundle.certs.os.key)),
      want: "ERR_BUNDLE_INVALID",
      findings: ["certs.os.crt certificate"],
    },
    {
      name: "a certificate in a key's place",
      input: SECRETS.replace(/(?<=k8sserviceaccount:\n {8}key: )\S+/, base64(bundle.certs.os.crt)),
      want: "ERR_BUNDLE_INVALID",
      findings: ["certs.k8sserviceaccount.key key"],
    },
    {
      name: "row 41: a key of another certificate",
      input: SECRETS.replace(os, base64(bundle.certs.etcd.crt)),
      want: "ERR_BUNDLE_INVALID",
      findings: ["certs.os.key key-mismatch"],
    },
    {
      name: "row 41: a weak CA",
      input: SECRETS.replace(os, base64(fixture("faulty/rsa-1024.crt"))),
      want: "ERR_BUNDLE_INVALID",
      findings: ["certs.os.crt weak-key"],
    },
  ];
  test.each(rows)("$name", ({ input, want, findings }) => {
    const error = errorOf(() => readSecretsBundle(input));
    expect(error?.code).toBe(want);
    if (findings !== undefined) expect(brief(error?.findings ?? [])).toEqual(findings);
  });
});

describe("one field", () => {
  const rows = [
    { name: "as talosctl spells it", path: "trustdinfo.token", want: bundle.trustdInfo.token },
    { name: "as older guides do", path: "TrustdInfo.Token", want: bundle.trustdInfo.token },
    { name: "as yq has it", path: ".Certs.OS.Crt", want: bundle.certs.os.crt },
    { name: "a key, as PEM", path: "certs.k8sServiceAccount.key", want: bundle.certs.k8sServiceAccount.key },
  ];
  test.each(rows)("$name", ({ path, want }) => {
    expect(readField(bundle, path)).toBe(want);
  });

  test("every path leads somewhere, in both spellings", () => {
    for (const path of FIELD_PATHS) {
      if (path === "secrets.aescbcencryptionsecret") continue;
      expect(readField(bundle, path)).toBe(readField(bundle, path.toUpperCase()));
    }
  });

  test("an unknown path lists all, and is not repeated", () => {
    const error = errorOf(() => readField(bundle, "trustdinfo.password"));
    expect(error?.code).toBe("ERR_BUNDLE_FIELD");
    expect(error?.message).not.toContain("password");
    for (const path of FIELD_PATHS) expect(error?.message).toContain(path);
  });

  test("a known one that this bundle does not use", () => {
    expect(codeOf(() => readField(bundle, "secrets.aescbcencryptionsecret"))).toBe("ERR_BUNDLE_ABSENT");
  });

  test("names that objects have of themselves are no fields", () => {
    for (const path of ["constructor", "__proto__", "cluster.constructor"])
      expect(codeOf(() => readField(bundle, path))).toBe("ERR_BUNDLE_FIELD");
  });
});
