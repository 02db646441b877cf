// Holds packages/secrets-bundle to Talos's own machinery code: each reads, checks and makes what the other writes.
//
//   node --conditions=@talos-bridge/source tools/conformance/bundle/run.ts      the last line counts
import {
  generateKey,
  issueCertificate,
  loadCertificateAuthority,
  talosClientProfile,
} from "@talos-bridge/pki";
import {
  addAcceptedCa,
  createTalosconfig,
  encodeKmsPatch,
  encodeSecretsBundle,
  encodeTalosconfig,
  encodeWorkerConfig,
  generateSecretsBundle,
  lintMachineConfig,
  lintSecretsBundle,
  lintTalosconfig,
  mergeTalosconfig,
  readSecretsBundle,
  readTalosconfig,
  replaceAuthority,
  replaceMachineCa,
  secretsBundleFromKubernetesPki,
  secretsBundleFromMachineConfig,
  setField,
  TALOS_VERSIONS,
  type CertificateAndKey,
  type SecretsBundle,
} from "@talos-bridge/secrets-bundle";
import { execFileSync } from "node:child_process";
import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startTalos, type WorkerOptions } from "./talos.ts";

const folder = mkdtempSync(join(tmpdir(), "bundle-conformance-"));
const CLI = resolve(import.meta.dirname, "../../../apps/cli/dist/main.js");
const talos = startTalos();
const clock = { now: new Date() };
// Talos makes its certificates after that, and this clock is not to be early.
const later = { now: new Date(clock.now.getTime() + 60_000) };
let files = 0;

/** Path of a file with this text. */
function save(text: string): string {
  const path = join(folder, `${++files}.yaml`);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** A certificate of a bundle's CA for a client of the Talos API. */
async function clientOf(ca: CertificateAndKey): Promise<CertificateAndKey> {
  const loaded = loadCertificateAuthority({ certificates: ca.crt, key: ca.key });
  if (!loaded.ok) throw new Error("the bundle's CA can't be loaded");
  const key = await generateKey("ed25519");
  const { pem } = await issueCertificate(loaded.issuing, {
    profile: talosClientProfile(["os:admin"]).profile,
    names: { commonName: "", dnsNames: [], ipAddresses: [] },
    spki: key.publicKey.spki,
    now: clock.now,
    lifetimeMs: 3_600_000,
  });
  return { crt: pem, key: String(key.key.export({ type: "pkcs8", format: "pem" })) };
}

const ours = await generateSecretsBundle(clock);
const oursPath = save(encodeSecretsBundle(ours));
const theirsText = await talos.text({ do: "new-bundle", contract: "1.13" });
const theirsPath = save(theirsText);
const theirs = readSecretsBundle(theirsText);
const pki = resolve(import.meta.dirname, "../../../packages/secrets-bundle/test/fixtures/kubernetes-pki");

const WORKERS: readonly { name: string; options: WorkerOptions & { readonly discovery: boolean } }[] = [
  { name: "plain", options: { clusterName: "demo", endpoint: "https://10.10.10.100:6443", discovery: true } },
  {
    name: "with all options",
    options: {
      clusterName: "demo-1",
      endpoint: "https://[fd00::1]:6443",
      kubernetesVersion: "1.33.2",
      certSans: ["10.5.0.9", "worker.example.com", "yes", "1e3"],
      installDisk: "/dev/sda",
      installImage: "factory.example.com/installer:v1",
      dnsDomain: "corp.local",
      discovery: false,
    },
  },
];

type Test = readonly [name: string, run: () => Promise<void>];
const tests: Test[] = [
  [
    "a new bundle is loaded, validated and written again by Talos as it is",
    async () =>
      strictEqual(await talos.ask({ do: "validate-bundle", path: oursPath }), encodeSecretsBundle(ours)),
  ],
  [
    "a new bundle is like Talos's own in every field",
    async () => {
      const described = await talos.ask({ do: "describe-bundle", path: oursPath });
      deepStrictEqual(described, await talos.ask({ do: "describe-bundle", path: theirsPath }));
    },
  ],
  [
    "Talos's own bundle is read, found no fault with and written again as it is",
    async () => {
      deepStrictEqual(lintSecretsBundle(theirsText, later), []);
      strictEqual(encodeSecretsBundle(theirs), theirsText);
    },
  ],
  [
    "a bundle of before Talos 1.3 too, with its other encryption secret",
    async () => {
      const text = await talos.text({ do: "new-bundle", contract: "1.2" });
      strictEqual(encodeSecretsBundle(readSecretsBundle(text)), text);
      strictEqual(text.includes("aescbc"), true);
    },
  ],
  [
    "a Kubernetes PKI folder gives the bundle that Talos makes of it",
    async () => {
      const bootstrapToken = "abcdef.0123456789abcdef";
      const made = await secretsBundleFromKubernetesPki({
        ...clock,
        bootstrapToken,
        readFile: async (path) => readFileSync(join(pki, path)),
      });
      const text = await talos.text({
        do: "bundle-from-pki",
        path: pki,
        other: bootstrapToken,
        contract: "1.13",
      });
      const kept = ({ certs, secrets }: SecretsBundle): unknown => [
        certs.k8s,
        certs.etcd,
        certs.k8sAggregator,
        certs.k8sServiceAccount,
        secrets.bootstrapToken,
      ];
      deepStrictEqual(kept(made), kept(readSecretsBundle(text)));
      await talos.ask({ do: "validate-bundle", path: save(encodeSecretsBundle(made)) });
    },
  ],
  [
    "edited bundles are loaded by Talos",
    async () => {
      const text = replaceAuthority(
        setField(`# mine\n${theirsText}`, "trustdinfo.token", "123456.0123456789012345"),
        "os",
        ours.certs.os,
      );
      const bundle = {
        ...theirs,
        trustdInfo: { token: "123456.0123456789012345" },
        certs: { ...theirs.certs, os: ours.certs.os },
      };
      strictEqual(await talos.ask({ do: "validate-bundle", path: save(text) }), encodeSecretsBundle(bundle));
    },
  ],
  [
    "a value that is hard to write is read by Talos as it was set",
    async () => {
      const ends = Array.from(" \t\n\u007f\u0085\u00a0\u2028\u3000\ufeff\u{1ffff}'\"\\#:,}");
      for (const value of ["no", "1e3", "a: b #c", "schl\u00fcssel", ...ends.map((end) => `!a${end}`)]) {
        for (const text of [theirsText, theirsText.replace(/(?<=trustdinfo:)\s+(?<pair>.*)/, " {$<pair>}")]) {
          const path = save(setField(text, "trustdinfo.token", value));
          strictEqual(await talos.ask({ do: "read-token", path }), value);
        }
      }
    },
  ],
  [
    "what Talos reads behind a line break that others take for a part of a comment is refused",
    async () => {
      for (const end of ["\r", "\u0085", "\u2028", "\u2029"]) {
        const text = theirsText.replace(/(?<=trustdinfo:)\s+token: .*/, ` # none${end}    token: hidden`);
        strictEqual(await talos.ask({ do: "read-token", path: save(text) }), "hidden");
        throws(() => readSecretsBundle(text), { code: "ERR_BUNDLE_ENCODING" });
      }
    },
  ],
  [
    "a talosconfig gives the real client a TLS configuration",
    async () => {
      const config = createTalosconfig({
        context: "demo",
        endpoints: ["10.5.0.2", "10.5.0.3"],
        nodes: ["10.5.0.4"],
        ca: ours.certs.os.crt,
        client: await clientOf(ours.certs.os),
      });
      deepStrictEqual(await talos.ask({ do: "open-talosconfig", path: save(encodeTalosconfig(config)) }), {
        context: "demo",
        endpoints: ["10.5.0.2", "10.5.0.3"],
        nodes: ["10.5.0.4"],
        roles: "os:admin",
      });
    },
  ],
  [
    "Talos's own talosconfig is read, found no fault with and written again as it is",
    async () => {
      const text = await talos.text({ do: "new-talosconfig", path: oursPath, roles: ["os:admin"] });
      deepStrictEqual(lintTalosconfig(text, later), []);
      strictEqual(encodeTalosconfig(readTalosconfig(text)), text);
    },
  ],
  [
    "talosconfigs are merged as talosctl merges them",
    async () => {
      const make = (name: string): Promise<string> =>
        talos.text({ do: "new-talosconfig", path: oursPath, roles: [name] });
      const [base, added] = [await make("os:admin"), await make("os:reader")];
      const { merged, renames } = mergeTalosconfig(readTalosconfig(base), readTalosconfig(added));
      deepStrictEqual(await talos.ask({ do: "merge-talosconfig", path: save(base), other: save(added) }), {
        merged: encodeTalosconfig(merged),
        renames: renames.map(({ from, to }) => `${from}=${to}`),
      });
    },
  ],
  [
    "Talos finds fault with what is broken, so that passing means something",
    async () => {
      const { os, etcd } = ours.certs;
      await rejects(talos.ask({ do: "validate-bundle", path: save("cluster:\n    id: a\n") }));
      await rejects(
        talos.ask({ do: "validate-config", path: save("version: v1alpha1\nmachine:\n    type: worker\n") }),
      );
      const mixed = createTalosconfig({
        context: "a",
        endpoints: [],
        ca: os.crt,
        client: { crt: os.crt, key: etcd.key },
      });
      await rejects(talos.ask({ do: "open-talosconfig", path: save(encodeTalosconfig(mixed)) }));
    },
  ],
];

for (const contract of TALOS_VERSIONS) {
  for (const { name, options } of WORKERS) {
    const write = (): string => encodeWorkerConfig({ bundle: ours, talosVersion: contract, ...options });
    tests.push([
      `a worker of Talos ${contract}, ${name}, is what Talos makes, byte for byte`,
      async () => {
        const wanted = await talos.ask({ do: "worker-config", path: oursPath, contract, worker: options });
        strictEqual(write(), wanted);
      },
    ]);
  }
  const [, full] = WORKERS;
  const worker = (): string =>
    encodeWorkerConfig({
      bundle: ours,
      talosVersion: contract,
      ...(full ?? WORKERS[0])?.options,
      clusterName: "demo",
      endpoint: "https://a:6443",
    });
  tests.push(
    [
      `a worker of Talos ${contract} passes its validation for metal, during a rotation too`,
      async () => {
        const rotated = addAcceptedCa(
          replaceMachineCa(worker(), { crt: theirs.certs.os.crt }),
          ours.certs.os.crt,
        );
        for (const text of [worker(), rotated]) await talos.ask({ do: "validate-config", path: save(text) });
        deepStrictEqual(lintMachineConfig(rotated, { ...later, bundle: ours }), []);
      },
    ],
    [
      `a control plane of Talos ${contract} gives the bundle that Talos takes out of it`,
      async () => {
        for (const other of ["", "comments"]) {
          const text = await talos.text({
            do: "control-plane-config",
            path: theirsPath,
            contract,
            other,
            worker: { clusterName: "demo", endpoint: "https://a:6443", discovery: true },
          });
          const bundle = secretsBundleFromMachineConfig(text);
          strictEqual(
            await talos.ask({ do: "bundle-from-config", path: save(text) }),
            encodeSecretsBundle(bundle),
          );
          deepStrictEqual(bundle, theirs);
          deepStrictEqual(lintMachineConfig(text, { ...later, bundle }), []);
        }
      },
    ],
  );
  for (const form of ["volume-config", "machine-config"] as const) {
    tests.push([
      `a KMS patch as ${form} goes onto a worker of Talos ${contract}`,
      async () => {
        const endpoint = "https://kms.example.com:4050";
        const patch = encodeKmsPatch({
          endpoint,
          volumes: ["STATE", "EPHEMERAL"],
          form,
          recoveryPassphrase: "0123: #",
        });
        deepStrictEqual(await talos.ask({ do: "apply-patch", path: save(worker()), other: save(patch) }), {
          "STATE 0": endpoint,
          "EPHEMERAL 0": endpoint,
        });
      },
    ]);
  }
}

tests.push([
  "what the command line writes is what Talos loads: bundle, worker config, talosconfig",
  async () => {
    const at = (name: string): string => join(folder, name);
    commandLine("secrets", "generate", "--out", at("cli-secrets.yaml"));
    await talos.ask({ do: "validate-bundle", path: at("cli-secrets.yaml") });
    const described = await talos.ask({ do: "describe-bundle", path: at("cli-secrets.yaml") });
    deepStrictEqual(described, await talos.ask({ do: "describe-bundle", path: theirsPath }));
    const secrets = ["--secrets", at("cli-secrets.yaml")];
    for (const version of TALOS_VERSIONS) {
      const out = at(`cli-worker-${version}.yaml`);
      const machine = [
        "--endpoint",
        "https://10.0.0.1:6443",
        "--install-disk",
        "/dev/sda",
        "--talos-version",
        version,
      ];
      commandLine("config", "worker", ...secrets, ...machine, "--out", out);
      await talos.ask({ do: "validate-config", path: out });
      commandLine("config", "validate", out, ...secrets);
    }
    const config = [
      "--endpoints",
      "10.0.0.1",
      "--roles",
      "os:reader,os:etcd:backup",
      "--out",
      at("cli-talosconfig"),
    ];
    commandLine("config", "talosconfig", ...secrets, ...config);
    deepStrictEqual(await talos.ask({ do: "open-talosconfig", path: at("cli-talosconfig") }), {
      context: "talos",
      endpoints: ["10.0.0.1"],
      nodes: null,
      // In the order of their encodings (X.690 §11.6).
      roles: "os:reader,os:etcd:backup",
    });
  },
]);
tests.push([
  "the command line reads what Talos writes",
  async () => {
    const { os } = theirs.certs;
    strictEqual(commandLine("secrets", "extract", "certs.os.crt", "--secrets", theirsPath), os.crt);
    const controlPlane = save(
      await talos.text({ do: "control-plane-config", path: theirsPath, contract: "1.13", other: "" }),
    );
    const out = join(folder, "imported.yaml");
    commandLine("secrets", "import", "--from-controlplane", controlPlane, "--out", out);
    strictEqual(readFileSync(out, "utf8"), theirsText);
  },
]);

/** Standard output of the built talos-bridge; throws with what it says on standard error. */
function commandLine(...argv: readonly string[]): string {
  return execFileSync(process.execPath, [CLI, ...argv], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TALOS_BRIDGE_AUDIT_LOG: join(folder, "audit.log") },
  });
}

let failed = 0;
try {
  for (const [name, run] of tests) {
    try {
      await run();
      console.log(`ok    ${name}`);
    } catch (error) {
      failed++;
      console.log(`FAIL  ${name}\n${error instanceof Error ? error.message : String(error)}`);
    }
  }
} finally {
  talos.stop();
  rmSync(folder, { recursive: true });
}
console.log(`${tests.length - failed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;
