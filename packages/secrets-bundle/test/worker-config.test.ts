import {
  encodeWorkerConfig,
  lintMachineConfig,
  parseTalosVersion,
  readMachineConfig,
  readSecretsBundle,
  TALOS_VERSIONS,
  type WorkerConfigInput,
} from "@talos-bridge/secrets-bundle";
import { describe, expect, test } from "vitest";
import { brief, codeOf } from "./support/errors.ts";
import { fixture, NOW, SECRETS } from "./support/fixtures.ts";

const bundle = readSecretsBundle(SECRETS);
const plain = { bundle, clusterName: "demo", endpoint: "https://10.10.10.100:6443" };
const full = {
  bundle,
  clusterName: "demo",
  endpoint: "https://cp.example.com:6443",
  kubernetesVersion: "1.33.2",
  certSans: ["10.5.0.9", "worker.example.com"],
  installDisk: "/dev/sda",
  installImage: "factory.example.com/installer:v1",
  dnsDomain: "corp.local",
  discovery: false,
};

describe.each(TALOS_VERSIONS)("a worker of Talos %s", (talosVersion) => {
  test("is what talosctl writes, byte for byte", () => {
    expect(encodeWorkerConfig({ ...plain, talosVersion })).toBe(fixture(`talos/worker-${talosVersion}.yaml`));
  });

  test("with all options too", () => {
    expect(encodeWorkerConfig({ ...full, talosVersion })).toBe(
      fixture(`talos/worker-${talosVersion}-full.yaml`),
    );
  });

  test("is found no fault with, and holds no key", () => {
    const text = encodeWorkerConfig({ ...full, talosVersion });
    expect(lintMachineConfig(text, { now: NOW, bundle })).toEqual([]);
    for (const key of [bundle.certs.os.key, bundle.certs.k8s.key, bundle.certs.k8sServiceAccount.key])
      expect(text).not.toContain(Buffer.from(key).toString("base64"));
  });
});

test("accepted CAs are there in the order given", () => {
  const acceptedCas = [bundle.certs.etcd.crt, bundle.certs.k8s.crt];
  const text = encodeWorkerConfig({ ...plain, talosVersion: "1.13", acceptedCas });
  expect(readMachineConfig(text).acceptedCas).toEqual(acceptedCas);
});

test("a control plane that is not Talos's has its own CA and bootstrap token", () => {
  const text = encodeWorkerConfig({
    ...plain,
    talosVersion: "1.13",
    kubernetesCa: bundle.certs.etcd.crt,
    bootstrapToken: "abcdef.0123456789abcdef",
  });
  const { values } = readMachineConfig(text);
  expect(values.get("certs.k8s.crt")).toBe(bundle.certs.etcd.crt);
  expect(values.get("secrets.bootstraptoken")).toBe("abcdef.0123456789abcdef");
  const findings = lintMachineConfig(text, { now: NOW, bundle });
  expect(brief(findings)).toEqual(["cluster.token foreign-value", "cluster.ca.crt foreign-ca"]);
  expect(findings.map(({ severity }) => severity)).toEqual(["warning", "warning"]);
});

test.each([
  { name: "a key in the place of a CA", change: { acceptedCas: [bundle.certs.os.key] } },
  { name: "a key behind a CA", change: { acceptedCas: [bundle.certs.os.crt + bundle.certs.os.key] } },
  { name: "a key in the place of the Kubernetes CA", change: { kubernetesCa: bundle.certs.k8s.key } },
  {
    name: "a key in the place of the bundle's CA",
    change: { bundle: { ...bundle, certs: { ...bundle.certs, os: { crt: bundle.certs.os.key, key: "" } } } },
  },
])("row 7: $name does not go to workers", ({ change }) => {
  expect(codeOf(() => encodeWorkerConfig({ ...plain, talosVersion: "1.13", ...change }))).toBe(
    "ERR_BUNDLE_INVALID",
  );
});

describe("what can't be written", () => {
  const rows: { name: string; change: Partial<WorkerConfigInput> }[] = [
    { name: "an endpoint without a scheme", change: { endpoint: "10.10.10.100:6443" } },
    { name: "an endpoint without TLS", change: { endpoint: "http://10.10.10.100:6443" } },
    { name: "an endpoint with credentials", change: { endpoint: "https://user@10.10.10.100:6443" } },
    { name: "a cluster without a name", change: { clusterName: "" } },
    ...["", "a b", "corp..local", "-a", "a".repeat(64)].map((dnsDomain) => ({
      name: `the DNS domain ${JSON.stringify(dnsDomain)}`,
      change: { dnsDomain },
    })),
    { name: "a bootstrap token that is none", change: { bootstrapToken: "abc" } },
    { name: "a Kubernetes version with a v", change: { kubernetesVersion: "v1.33.2" } },
    {
      name: "a Kubernetes version that breaks out of its line",
      change: { kubernetesVersion: "1.33.2\na: b" },
    },
  ];
  test.each(rows)("$name", ({ change }) => {
    expect(codeOf(() => encodeWorkerConfig({ ...plain, talosVersion: "1.13", ...change }))).toBe(
      "ERR_BUNDLE_INPUT",
    );
  });
});

test("text that could break out of its line stays text", () => {
  const hostile = 'a\nmachine: {type: controlplane} # "';
  const text = encodeWorkerConfig({ ...plain, talosVersion: "1.13", certSans: [hostile, "yes", "1e3"] });
  expect(readMachineConfig(text).type).toBe("worker");
  expect(brief(lintMachineConfig(text, { now: NOW, bundle }))).toEqual([]);
  expect(text).toContain('- "yes"\n');
  expect(text).toContain('- "1e3"\n');
});

describe("the Talos version", () => {
  test.each([
    { name: "1.13", want: "1.13" },
    { name: "v1.12", want: "1.12" },
    { name: "v1.11.6", want: "1.11" },
    { name: "v1.13.0-alpha.1", want: "1.13" },
  ])("$name", ({ name, want }) => {
    expect(parseTalosVersion(name)).toBe(want);
  });

  test.each(["1.10", "v1.14.0", "1", "", "latest", "1.130"])("%s is not written", (text) => {
    expect(codeOf(() => parseTalosVersion(text))).toBe("ERR_BUNDLE_INPUT");
  });
});
