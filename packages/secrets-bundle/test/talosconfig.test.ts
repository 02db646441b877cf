import { issueCertificate, loadCertificateAuthority, generateKey, PROFILES } from "@talos-bridge/pki";
import {
  createTalosconfig,
  encodeTalosconfig,
  mergeTalosconfig,
  readSecretsBundle,
  readTalosconfig,
  type Talosconfig,
} from "@talos-bridge/secrets-bundle";
import { describe, expect, test } from "vitest";
import { codeOf } from "./support/errors.ts";
import { fixture, SECRETS } from "./support/fixtures.ts";

const TALOSCONFIG = fixture("talos/talosconfig");
const config = readTalosconfig(TALOSCONFIG);

test("what talosctl wrote is written again byte for byte", () => {
  expect(encodeTalosconfig(config)).toBe(TALOSCONFIG);
});

test("one is made as talosctl makes it", () => {
  const { crt = "", key = "" } = config.contexts.get("demo") ?? {};
  const { os } = readSecretsBundle(SECRETS).certs;
  const made = createTalosconfig({
    context: "demo",
    endpoints: ["10.5.0.2"],
    ca: os.crt,
    client: { crt, key },
  });
  expect(encodeTalosconfig(made)).toBe(TALOSCONFIG);
});

test("all that a context can have comes back", () => {
  const text = `context: a
contexts:
    a:
        endpoints: []
        nodes:
            - 10.5.0.3
            - node.example.com
        auth:
            basic:
                username: somebody
                password: secret
            siderov1:
                identity: somebody@example.com
        cluster: demo
`;
  expect(encodeTalosconfig(readTalosconfig(text))).toBe(text);
});

test("a name that is hard to write comes back, and breaks no line", () => {
  const [context, node] = ["a\u00a0", "b\u2028: c"];
  const { contexts } = readTalosconfig("context: a\ncontexts: {a: {endpoints: []}}\n");
  const only = contexts.get("a");
  if (only === undefined) throw new Error("no context");
  const odd: Talosconfig = { context, contexts: new Map([[context, { ...only, nodes: [node] }]]) };
  const text = encodeTalosconfig(odd);
  expect(readTalosconfig(text)).toEqual(odd);
  expect(text).toMatch(/^[\n -~]*$/);
});

test("the deprecated target joins the endpoints", () => {
  const { contexts } = readTalosconfig(
    "context: a\ncontexts:\n    a:\n        target: 10.5.0.2\n        endpoints: [b]\n",
  );
  expect(contexts.get("a")?.endpoints).toEqual(["b", "10.5.0.2"]);
});

describe("merging", () => {
  const named = (context: string, ...names: readonly string[]): Talosconfig =>
    readTalosconfig(
      `context: ${context}\ncontexts:\n${names.map((name) => `    ${name}: {endpoints: [${name}]}\n`).join("")}`,
    );
  const rows = [
    {
      name: "another name is added and becomes the current one",
      base: named("a", "a"),
      added: named("b", "b"),
      want: { context: "b", names: ["a", "b"], renames: [] },
    },
    {
      name: "a name that is taken gets a number",
      base: named("a", "a"),
      added: named("a", "a"),
      want: { context: "a-1", names: ["a", "a-1"], renames: [{ from: "a", to: "a-1" }] },
    },
    {
      name: "the first number that is free",
      base: named("a", "a", "a-1", "a-3"),
      added: named("a", "a"),
      want: { context: "a-2", names: ["a", "a-1", "a-3", "a-2"], renames: [{ from: "a", to: "a-2" }] },
    },
    {
      name: "without a current context the old one stays",
      base: named("a", "a"),
      added: named('""', "b"),
      want: { context: "a", names: ["a", "b"], renames: [] },
    },
    {
      name: "a current context that is not there leaves none, as talosctl has it",
      base: named("a", "a"),
      added: named("c", "b"),
      want: { context: "", names: ["a", "b"], renames: [] },
    },
  ];
  test.each(rows)("$name", ({ base, added, want }) => {
    const { merged, renames } = mergeTalosconfig(base, added);
    expect({ context: merged.context, names: [...merged.contexts.keys()], renames }).toEqual(want);
    expect(base.contexts.size).toBe(want.names.length - added.contexts.size);
  });
});

describe("what is no talosconfig is refused", () => {
  test.each([
    { name: "a bundle", input: SECRETS, want: "ERR_BUNDLE_KIND" },
    { name: "two documents", input: `${TALOSCONFIG}---\n${TALOSCONFIG}`, want: "ERR_BUNDLE_DOCUMENTS" },
    { name: "SOPS", input: "contexts: {a: {key: 'ENC[AES256_GCM,data:a]'}}", want: "ERR_BUNDLE_ENCRYPTED" },
    { name: "a redacted key", input: "contexts: {a: {key: REDACTED}}", want: "ERR_BUNDLE_REDACTED" },
    { name: "a key that is no base64", input: "contexts: {a: {key: 'a b'}}", want: "ERR_BUNDLE_INVALID" },
    { name: "a list for a name", input: "context: [a]\ncontexts: {a: {}}", want: "ERR_BUNDLE_INVALID" },
  ])("$name", ({ input, want }) => {
    expect(codeOf(() => readTalosconfig(input))).toBe(want);
  });
});

test("an endpoint that looks like a number stays text", () => {
  const text = encodeTalosconfig(
    createTalosconfig({ context: "1e3", endpoints: ["10", "yes"], ca: "", client: { crt: "", key: "" } }),
  );
  expect(text).toContain('context: "1e3"');
  expect(text).toContain('- "10"');
  expect(readTalosconfig(text).contexts.get("1e3")?.endpoints).toEqual(["10", "yes"]);
});

test("a certificate that a CA of the bundle issued fits in", async () => {
  const { os } = readSecretsBundle(SECRETS).certs;
  const loaded = loadCertificateAuthority({ certificates: os.crt, key: os.key });
  if (!loaded.ok) throw new Error("no CA");
  const { certificate } = loaded.issuing;
  const key = await generateKey("ed25519");
  const { pem } = await issueCertificate(loaded.issuing, {
    profile: PROFILES.talosClient,
    names: { commonName: "", dnsNames: [], ipAddresses: [] },
    spki: key.publicKey.spki,
    now: certificate.notBefore,
    lifetimeMs: 3_600_000,
  });
  const made = createTalosconfig({
    context: "demo",
    endpoints: [],
    nodes: ["10.5.0.3"],
    ca: os.crt,
    client: { crt: pem, key: String(key.key.export({ type: "pkcs8", format: "pem" })) },
  });
  expect(readTalosconfig(encodeTalosconfig(made))).toEqual(made);
});
