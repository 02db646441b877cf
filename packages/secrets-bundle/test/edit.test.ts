import {
  addAcceptedCa,
  FIELD_PATHS,
  readField,
  readMachineConfig,
  readSecretsBundle,
  removeAcceptedCa,
  replaceAuthority,
  replaceMachineCa,
  setField,
} from "@talos-bridge/secrets-bundle";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf } from "./support/errors.ts";
import { base64, fixture, SECRETS } from "./support/fixtures.ts";

const bundle = readSecretsBundle(SECRETS);
const { os, etcd, k8s } = bundle.certs;

/** Lines of `after` that are not in `before`, and the other way round. */
function changedLines(
  before: string,
  after: string,
): { readonly gone: readonly string[]; readonly come: readonly string[] } {
  const [old, now] = [before.split("\n"), after.split("\n")];
  return {
    gone: old.filter((line) => !now.includes(line)),
    come: now.filter((line) => !old.includes(line)),
  };
}

describe("setting a field of a bundle", () => {
  test("changes one value and not another byte", () => {
    const commented = `# keep me\n${SECRETS.replace("trustdinfo:", "\ntrustdinfo:   # and me")}extra: {a: [1,  2]}\n`;
    const after = setField(commented, "trustdinfo.token", "aaaaaa.bbbbbbbbbbbbbbbb");
    expect(after).toBe(commented.replace(bundle.trustdInfo.token, "aaaaaa.bbbbbbbbbbbbbbbb"));
  });

  const rows: { name: string; text: string; path?: string; value?: string; want: string }[] = [
    { name: "quoted text", text: 'trustdinfo: {token: "old"}\n', want: 'trustdinfo: {token: "new"}\n' },
    {
      name: "JSON, which stays JSON",
      text: '{"TrustdInfo": {"Token": "old"}}\n',
      value: 'a\n"b',
      want: '{"TrustdInfo": {"Token": "a\\n\\"b"}}\n',
    },
    {
      name: "keys without values beside it",
      text: "trustdinfo: {token: old, a, b: }\nc:\n",
      want: 'trustdinfo: {token: "new", a, b: }\nc:\n',
    },
    { name: "single quotes", text: "trustdinfo: {token: 'old'}\n", want: 'trustdinfo: {token: "new"}\n' },
    {
      name: "a comment behind it",
      text: "trustdinfo:\n  token: old # why\n",
      want: "trustdinfo:\n  token: new # why\n",
    },
    {
      name: "a block of lines",
      text: "trustdinfo:\n  token: |\n    old\n  other: a\n",
      want: "trustdinfo:\n  token: new\n  other: a\n",
    },
    {
      name: "nothing behind the colon",
      text: "cluster: {id: a}\ntrustdinfo:\n  token:\n  other: a\n",
      want: "cluster: {id: a}\ntrustdinfo:\n  token: new\n  other: a\n",
    },
    {
      name: "a null with a comment",
      text: "cluster: {id: a}\ntrustdinfo:\n  token: null # none yet\n",
      want: "cluster: {id: a}\ntrustdinfo:\n  token: new # none yet\n",
    },
    {
      name: "the capitalised spelling",
      text: "TrustdInfo:\n  Token: old\n",
      want: "TrustdInfo:\n  Token: new\n",
    },
    {
      name: "a field that is not there yet",
      text: "cluster: {id: a}\ntrustdinfo:\n    x: a # b\n\n# end\n",
      want: "cluster: {id: a}\ntrustdinfo:\n    x: a # b\n    token: new\n\n# end\n",
    },
    {
      name: "a section that is not there yet",
      text: "cluster:\n  id: a\n",
      want: "cluster:\n  id: a\ntrustdinfo:\n  token: new\n",
    },
    {
      name: "a section with nothing in it",
      text: "trustdinfo: # soon\ncluster:\n  id: a\n",
      want: "trustdinfo: # soon\n  token: new\ncluster:\n  id: a\n",
    },
    {
      name: "a section in empty braces",
      text: "trustdinfo: {}\ncluster:\n  id: a\n",
      want: "trustdinfo:\n  token: new\ncluster:\n  id: a\n",
    },
    {
      name: "no line break at the end",
      text: "cluster:\n  id: a",
      want: "cluster:\n  id: a\ntrustdinfo:\n  token: new\n",
    },
    { name: "CRLF", text: "trustdinfo:\r\n  token: old\r\n", want: "trustdinfo:\r\n  token: new\r\n" },
    {
      name: "a byte order mark",
      text: "\ufefftrustdinfo:\n  token: old\n",
      want: "\ufefftrustdinfo:\n  token: new\n",
    },
    {
      name: "a value that would be a number",
      text: "trustdinfo:\n  token: old\n",
      value: "123456.0123456789012345",
      want: 'trustdinfo:\n  token: "123456.0123456789012345"\n',
    },
    {
      name: "a value that breaks out of its line",
      text: "trustdinfo:\n  token: old\n",
      value: "a\nb: c",
      want: 'trustdinfo:\n  token: "a\\nb: c"\n',
    },
    {
      name: "an empty value",
      text: "trustdinfo:\n  token: old\n",
      value: "",
      want: 'trustdinfo:\n  token: ""\n',
    },
    {
      name: "a certificate, as base64 of PEM",
      text: "certs:\n  os:\n    crt: old\n",
      path: "certs.os.crt",
      value: os.crt,
      want: `certs:\n  os:\n    crt: ${base64(os.crt)}\n`,
    },
  ];
  test.each(rows)("$name", ({ text, path = "trustdinfo.token", value = "new", want }) => {
    expect(setField(text, path, value)).toBe(want);
  });

  test.each([
    { name: "an unknown field", text: SECRETS, path: "trustdinfo.password", want: "ERR_BUNDLE_FIELD" },
    {
      name: "SOPS: the change would break its checksum",
      text: `${SECRETS}sops: {mac: a}\n`,
      want: "ERR_BUNDLE_ENCRYPTED",
    },
    {
      name: "an alias, which stands for another place too",
      text: "cluster: {id: &a x}\ntrustdinfo: {token: *a}\n",
      want: "ERR_BUNDLE_EDIT",
    },
    {
      name: "an anchor, for which others stand",
      text: "cluster: {id: *a}\ntrustdinfo: {token: &a x}\n",
      want: "ERR_BUNDLE_YAML",
    },
    { name: "an anchor", text: "trustdinfo: {token: &a x}\ncluster: {id: *a}\n", want: "ERR_BUNDLE_EDIT" },
    {
      name: "a new field in braces",
      text: "trustdinfo: {other: x}\ncluster: {id: a}\n",
      want: "ERR_BUNDLE_EDIT",
    },
    {
      name: "a text where fields should be",
      text: "trustdinfo: x\ncluster: {id: a}\n",
      want: "ERR_BUNDLE_EDIT",
    },
    {
      name: "a list where a text should be",
      text: "trustdinfo:\n  token:\n    - a\n",
      want: "ERR_BUNDLE_EDIT",
    },
    { name: "no bundle", text: "a: b\n", want: "ERR_BUNDLE_KIND" },
  ])("$name is refused", ({ text, path = "trustdinfo.token", want }) => {
    expect(codeOf(() => setField(text, path, "new"))).toBe(want);
  });

  test("half a character is refused: it has no form in UTF-8", () => {
    expect(codeOf(() => setField(SECRETS, "cluster.id", "a\ud83d"))).toBe("ERR_BUNDLE_INPUT");
  });

  // Each was dropped, folded or refused by some reader when it was written as it is.
  test.each([
    { name: "a space that is not the plain one, at the end", value: "a\u00a0", want: '"a\\u00a0"' },
    { name: "what breaks lines in YAML 1.1", value: "a\u2028b\u0085", want: '"a\\u2028b\\u0085"' },
    { name: "a control character", value: "a\u007f\u0000", want: '"a\\u007f\\u0000"' },
    { name: "a byte order mark", value: "\ufeffa", want: '"\\ufeffa"' },
    { name: "many lines, in one", value: `${"a".repeat(40)}\nb`, want: `"${"a".repeat(40)}\\nb"` },
    { name: "letters of any script", value: "schlüssel-鍵", want: "schlüssel-鍵" },
  ])("$name is written so that all readers read the same", ({ value, want }) => {
    for (const [before, after] of [
      ["trustdinfo:\n  token: old # why\n", `trustdinfo:\n  token: ${want} # why\n`],
      ["cluster:\n  id: a\n", `cluster:\n  id: a\ntrustdinfo:\n  token: ${want}\n`],
    ] as const)
      expect(setField(before, "trustdinfo.token", value)).toBe(after);
  });

  test("what ends a value between braces does not", () => {
    expect(setField("trustdinfo: {token: old}\n", "trustdinfo.token", "a, b: c}")).toBe(
      'trustdinfo: {token: "a, b: c}"}\n',
    );
  });

  test("whatever the text is: what is set is read, all other fields stay", () => {
    // Letters and marks of all scripts, and what readers break at, fold, trim or take for something else.
    const hard = fc.constantFrom(
      ...Array.from(" \t\n\r\0\u007f\u0085\u00a0\u2028\u2029\u3000\ufeff\u{10ffff}'\"\\#:,-?!&*|>%@`{}[]~"),
    );
    const value = fc
      .oneof(
        fc.string({ unit: "grapheme", minLength: 1 }),
        fc.string({ unit: hard, minLength: 1, maxLength: 60 }),
      )
      // What stands for a secret is refused.
      .filter((text) => !/REDACT|\*\*|ENC\[/i.test(text));
    const paths = fc.constantFrom(
      "cluster.id",
      "cluster.secret",
      "secrets.bootstraptoken",
      "trustdinfo.token",
    );
    const layout = fc.record({
      comment: fc.boolean(),
      crlf: fc.boolean(),
      narrow: fc.boolean(),
      quoted: fc.boolean(),
      braces: fc.boolean(),
    });
    fc.assert(
      fc.property(paths, value, layout, (path, set, { comment, crlf, narrow, quoted, braces }) => {
        let text = SECRETS;
        if (quoted) text = text.replaceAll(/(?<=(?:id|secret|token): )\S+/g, "'$&'");
        if (braces)
          text = text.replaceAll(
            /^(?<key>\w+):\n(?<pairs>(?: {4}\w+: \S+\n)+)/gm,
            (_, key: string, pairs: string) => `${key}: {${pairs.trim().replaceAll(/\n +/g, ", ")}}\n`,
          );
        if (comment) text = text.replaceAll(/$/gm, " # c").replaceAll(/(?<=\S)  # c/g, " # c");
        if (narrow) text = text.replaceAll("    ", "  ");
        if (crlf) text = text.replaceAll("\n", "\r\n");
        const after = readSecretsBundle(setField(text, path, set));
        for (const each of FIELD_PATHS) {
          if (each === "secrets.aescbcencryptionsecret") continue;
          expect(readField(after, each)).toBe(each === path ? set : readField(bundle, each));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("exchanging a CA of a bundle", () => {
  test("changes its two lines", () => {
    const after = replaceAuthority(SECRETS, "os", etcd);
    expect(changedLines(SECRETS, after).gone).toHaveLength(2);
    expect(readSecretsBundle(after).certs).toEqual({ ...bundle.certs, os: etcd });
  });

  test.each([
    { name: "a key of another certificate", ca: { crt: os.crt, key: etcd.key } },
    {
      name: "an intermediate CA",
      ca: { crt: fixture("faulty/intermediate.crt"), key: fixture("faulty/intermediate.key") },
    },
    { name: "no certificate at all", ca: { crt: "x", key: os.key } },
  ])("$name is refused", ({ ca }) => {
    expect(codeOf(() => replaceAuthority(SECRETS, "os", ca))).toBe("ERR_BUNDLE_INVALID");
  });
});

describe("a machine config with all of talosctl's comments", () => {
  const worker = fixture("talos/worker-commented.yaml");
  const lineOf = (crt: string): string => `        - crt: ${base64(crt)}`;

  test("takes in an accepted CA, another, and gives them back", () => {
    const one = addAcceptedCa(worker, etcd.crt);
    expect(changedLines(worker, one)).toEqual({ gone: [], come: ["    acceptedCAs:", lineOf(etcd.crt)] });
    expect(addAcceptedCa(one, etcd.crt)).toBe(one);
    const two = addAcceptedCa(one, k8s.crt);
    expect(changedLines(one, two)).toEqual({ gone: [], come: [lineOf(k8s.crt)] });
    expect(readMachineConfig(two).acceptedCas).toEqual([etcd.crt, k8s.crt]);
    expect(removeAcceptedCa(two, k8s.crt)).toBe(one);
    expect(readMachineConfig(removeAcceptedCa(two, etcd.crt)).acceptedCas).toEqual([k8s.crt]);
    const none = removeAcceptedCa(one, etcd.crt);
    expect(changedLines(worker, none)).toEqual({ gone: [], come: ["    acceptedCAs: []"] });
    expect(readMachineConfig(addAcceptedCa(none, k8s.crt)).acceptedCas).toEqual([k8s.crt]);
    expect(removeAcceptedCa(worker, etcd.crt)).toBe(worker);
  });

  test("gets another CA of the Talos API", () => {
    const after = replaceMachineCa(worker, { crt: etcd.crt });
    expect(changedLines(worker, after).gone).toHaveLength(1);
    expect(readMachineConfig(after).values.get("certs.os.crt")).toBe(etcd.crt);
    expect(replaceMachineCa(after, { crt: os.crt })).toBe(worker);
  });

  test("a control plane's gets the key with it, and loses it without", () => {
    const controlPlane = fixture("talos/controlplane-commented.yaml");
    const after = replaceMachineCa(controlPlane, etcd);
    expect(readMachineConfig(after).values.get("certs.os.key")).toBe(etcd.key);
    expect(readMachineConfig(replaceMachineCa(after, { crt: k8s.crt })).values.has("certs.os.key")).toBe(
      false,
    );
  });

  const rows: { name: string; text: string; want: string }[] = [
    {
      name: "lists at the column of their key",
      text: `machine:\n  acceptedCAs:\n  - crt: ${base64(etcd.crt)} # old\n  type: worker\n`,
      want: `machine:\n  acceptedCAs:\n  - crt: ${base64(etcd.crt)} # old\n  - crt: ${base64(os.crt)}\n  type: worker\n`,
    },
    {
      name: "a comment behind the last item stays behind it",
      text: `machine:\n  acceptedCAs:\n    - crt: ${base64(etcd.crt)}\n    # that was it\n  type: worker\n`,
      want: `machine:\n  acceptedCAs:\n    - crt: ${base64(etcd.crt)}\n    - crt: ${base64(os.crt)}\n    # that was it\n  type: worker\n`,
    },
    {
      name: "the second document of a file",
      text: "kind: HostnameConfig\n---\nmachine:\n  type: worker\n---\nkind: Other\n",
      want: `kind: HostnameConfig\n---\nmachine:\n  type: worker\n  acceptedCAs:\n    - crt: ${base64(os.crt)}\n---\nkind: Other\n`,
    },
  ];
  test.each(rows)("$name", ({ text, want }) => {
    expect(addAcceptedCa(text, os.crt)).toBe(want);
    expect(removeAcceptedCa(want, os.crt)).toBe(
      text.includes("acceptedCAs") ? text : want.replace(/acceptedCAs:\n.*\n/, "acceptedCAs: []\n"),
    );
  });

  test.each([
    {
      name: "a list in brackets",
      text: `machine: {acceptedCAs: [{crt: ${base64(etcd.crt)}}]}\n`,
      want: "ERR_BUNDLE_EDIT",
    },
    { name: "a bundle", text: SECRETS, want: "ERR_BUNDLE_KIND" },
    { name: "SOPS", text: "machine: {token: 'ENC[AES256_GCM,data:a]'}\n", want: "ERR_BUNDLE_ENCRYPTED" },
  ])("$name is refused", ({ text, want }) => {
    expect(codeOf(() => addAcceptedCa(text, os.crt))).toBe(want);
  });

  test.each([
    { name: "that others stand for", before: "" },
    { name: "that stands before another of its name", before: "other: &a x\n" },
  ])("an anchor $name is not taken away", ({ before }) => {
    const items = `    - crt: &a ${base64(etcd.crt)}\n    - crt: ${base64(k8s.crt)}\n`;
    const text = `${before}machine:\n  acceptedCAs:\n${items}  more: *a\n`;
    expect(codeOf(() => removeAcceptedCa(text, etcd.crt))).toBe("ERR_BUNDLE_EDIT");
    expect(readMachineConfig(removeAcceptedCa(text, k8s.crt)).acceptedCas).toEqual([etcd.crt]);
  });

  test("what is no CA is not accepted", () => {
    for (const crt of ["", os.key, fixture("faulty/not-a-ca.crt"), fixture("faulty/intermediate.crt")])
      expect(codeOf(() => addAcceptedCa(worker, crt))).toBe("ERR_BUNDLE_INVALID");
  });
});
