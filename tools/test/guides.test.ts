// The objects in the guides fit the program: what they set, open, mount and ask for exists.
import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createMetrics, startAdminServer } from "@talos-bridge/grpc-server";
import { loadSettings } from "@talos-bridge/settings";
import { describe, expect, onTestFinished, test } from "vitest";
import { resolvePaths } from "../../apps/csr-signer/src/material-paths.ts";
import { SETTINGS } from "../../apps/csr-signer/src/settings.ts";
import { codeBlocks } from "../docs/markdown.ts";

const root = resolve(import.meta.dirname, "../..");
const GUIDES = ["sidecar-deployment", "standalone-deployment", "rotation"];

/** One YAML document of a guide. */
interface Document {
  readonly guide: string;
  /** `kind`, or "part" where the guide shows a piece of an object. */
  readonly kind: string;
  readonly text: string;
}

const DOCUMENTS: readonly Document[] = GUIDES.flatMap((guide) => {
  const markdown = readFileSync(`${root}/docs/guides/${guide}.md`, "utf8");
  return codeBlocks(markdown)
    .filter(({ language }) => language === "yaml")
    .flatMap(({ text }) => text.split(/^---$/m))
    .map((text) => ({ guide, text, kind: /^kind: (?<kind>\S+)$/m.exec(text)?.groups?.["kind"] ?? "part" }));
});
const WORKLOADS = DOCUMENTS.filter(({ kind }) => kind === "TenantControlPlane" || kind === "DaemonSet");
const CERTIFICATES = DOCUMENTS.filter(({ kind }) => kind === "Certificate");

/** All values of a key, wherever it stands, without quotes and comments. */
function valuesOf(key: string, text: string): readonly string[] {
  const lines = text.matchAll(new RegExp(`^[\\s-]*${key}: *"?(?<value>[^"#\\n]+?)"?(?: +#.*)?$`, "gm"));
  return [...lines].map(({ groups }) => groups?.["value"] ?? "");
}

/** Variables with a value of their own: two lines, `- name: X` and `value: Y`. */
function environmentOf(text: string): Readonly<Record<string, string>> {
  const pairs = text.matchAll(/- name: (?<name>[A-Z_]+)\n +value: "?(?<value>[^"\n]+)"?$/gm);
  return Object.fromEntries(
    [...pairs].map(({ groups }) => [groups?.["name"] ?? "", groups?.["value"] ?? ""]),
  );
}

test("both guides carry every object", () => {
  const kinds = (guide: string): string[] =>
    DOCUMENTS.filter((each) => each.guide === guide && each.kind !== "part")
      .map(({ kind }) => kind)
      .toSorted();
  expect(kinds("sidecar-deployment")).toEqual([
    "Certificate",
    "Issuer",
    "Secret",
    "Secret",
    "TenantControlPlane",
  ]);
  expect(kinds("standalone-deployment")).toEqual([
    "Certificate",
    "DaemonSet",
    "Issuer",
    "Namespace",
    "Secret",
    "Secret",
  ]);
});

const known = new Set(Object.values(SETTINGS).map(({ env }) => env));

describe.each(DOCUMENTS.filter(({ text }) => /- name: [A-Z_]+$/m.test(text)))("$guide, $kind", ({ text }) => {
  test("every variable is a setting, and takes its value", () => {
    const names = [...text.matchAll(/- name: (?<name>[A-Z_]+)$/gm)].map(
      ({ groups }) => groups?.["name"] ?? "",
    );
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    const env = environmentOf(text);
    expect(Object.keys(env)).toEqual(names);
    expect(loadSettings(SETTINGS, { argv: [], env })).toMatchObject({ kind: "values" });
  });
});

describe.each(WORKLOADS)("$guide, $kind", ({ text }) => {
  test("ports are the program's defaults", () => {
    const settings = loadSettings(SETTINGS, { argv: [], env: {} });
    if (settings.kind !== "values") throw new Error("the defaults are no values");
    const { port, adminAddr } = settings.values;
    expect(valuesOf("containerPort", text)).toEqual([String(port), String(adminAddr.port)]);
    expect([...valuesOf("targetPort", text), ...valuesOf("hostPort", text)]).toEqual([String(port)]);
  });

  test("mounted keys are found where the program looks", () => {
    expect(valuesOf("mountPath", text)).toEqual(["/etc/talos-ca", "/etc/talos-server-crt"]);
    const mounted = ["/etc/talos-ca/tls.crt", "/etc/talos-ca/tls.key", "/etc/talos-ca/token"];
    const serving = ["/etc/talos-server-crt/tls.crt", "/etc/talos-server-crt/tls.key"];
    const unset = {
      caCertPath: undefined,
      caKeyPath: undefined,
      tlsCertPath: undefined,
      tlsKeyPath: undefined,
      acceptedCasPath: undefined,
      talosTokenFile: environmentOf(text)["TALOS_TOKEN_FILE"],
    };
    const paths = resolvePaths(unset, (path) => [...mounted, ...serving].includes(path));
    expect(paths).toMatchObject({
      ok: true,
      value: {
        caCertificate: mounted[0],
        caKey: mounted[1],
        tokenFile: { path: mounted[2] },
        serving: { certificate: serving[0], key: serving[1] },
      },
    });
  });

  test("probes ask for what the admin port answers", async () => {
    const metrics = createMetrics({ build: { version: "", revision: "" } });
    const admin = await startAdminServer({ address: { host: "127.0.0.1", port: 0 }, ready: [], metrics });
    if (!admin.ok) throw new Error(admin.code);
    onTestFinished(() => admin.close());
    const paths = valuesOf("path", text);
    expect(paths).toHaveLength(3);
    for (const path of paths) {
      const answer = await fetch(`http://127.0.0.1:${admin.port}${path}`);
      expect([path, answer.status]).toEqual([path, 200]);
    }
  });

  test("runs without rights", () => {
    expect(valuesOf("runAsUser", text)).toEqual(["65532"]);
    expect(valuesOf("runAsNonRoot", text)).toEqual(["true"]);
    expect(valuesOf("readOnlyRootFilesystem", text)).toEqual(["true"]);
    expect(valuesOf("allowPrivilegeEscalation", text)).toEqual(["false"]);
    expect(valuesOf("drop", text)).toEqual(["[ALL]"]);
    expect(text).toContain("type: RuntimeDefault");
    expect(valuesOf("memory", text)).toEqual(["96Mi", "128Mi"]);
  });
});

test.each(CERTIFICATES)(
  "$guide: the serving certificate has the usages its key can have, and addresses",
  ({ text }) => {
    expect(/ {2}usages:\n(?<usages>(?: {4}- .+\n)+)/.exec(text)?.groups?.["usages"]).toBe(
      "    - digital signature\n    - server auth\n",
    );
    expect(valuesOf("algorithm", text)).toEqual(["ECDSA"]);
    expect(/ {2}ipAddresses:\n {4}- \d/.test(text)).toBe(true);
  },
);

test.each(DOCUMENTS)(
  "$guide, $kind: no tabs, no key encipherment, no label that cert-manager refuses",
  ({ text }) => {
    expect(text).not.toMatch(/\t|key encipherment|ED25519 PRIVATE KEY/);
  },
);

test("the line that drops Organization is the one that the architecture page shows", () => {
  const page = readFileSync(`${root}/docs/architecture.md`, "utf8");
  const [block] = codeBlocks(page).filter(({ language }) => language === "ts");
  const source = readFileSync(`${root}/packages/pki/src/issue.ts`, "utf8");
  expect(block?.text.trim()).toMatch(/encodeRdn/);
  expect(source).toContain(block?.text.trim());
});

test("the texts that troubleshooting explains are those of the program", () => {
  const page = readFileSync(`${root}/docs/guides/troubleshooting.md`, "utf8");
  const section = /^## What the signer says$(?<text>[^]*?)^## /m.exec(page)?.groups?.["text"] ?? "";
  const texts = [...section.matchAll(/^\| (?<cell>.*?) \|/gm)]
    .flatMap(({ groups }) => [...(groups?.["cell"] ?? "").matchAll(/`(?<text>[^`]+)`/g)])
    .flatMap(({ groups }) => (groups?.["text"] ?? "").split(/…:?|: /))
    .map((text) => text.trim())
    .filter((text) => text !== "" && text !== "EADDRINUSE");
  expect(texts.length).toBeGreaterThan(10);
  const sources = globSync(["packages/*/src/*.ts", "apps/csr-signer/src/*.ts"], { cwd: root })
    .map((path) => readFileSync(`${root}/${path}`, "utf8"))
    .join("\n");
  expect(texts.filter((text) => !sources.includes(text))).toEqual([]);
});
