// Bundles and talosconfigs: what talosctl writes talos-bridge reads, and the other way round.
import { deepStrictEqual, match, strictEqual } from "node:assert";
import { resolve } from "node:path";
import type { Case, Programs } from "./programs.ts";
import { KEY_TYPES, validate, writeWorker } from "./worker-cases.ts";

const FIXTURES = resolve(import.meta.dirname, "../../../packages/secrets-bundle/test/fixtures");
const VERSIONS = ["v1.9", "v1.11", "v1.12"] as const;

export function bundleCases(programs: Programs): readonly Case[] {
  return [
    ...VERSIONS.map((version): Case => [
      `a bundle of talosctl gen secrets for Talos ${version} is read by every command`,
      () => {
        genSecrets(programs, "theirs.yaml", "--talos-version", version);
        useBundle(programs, "theirs.yaml");
      },
    ]),
    ["a Kubernetes PKI folder gives the bundle that talosctl makes of it", () => takePki(programs)],
    [
      "secrets import writes what talosctl gen secrets --from-controlplane-config does",
      () => importConfig(programs),
    ],
    ...KEY_TYPES.flatMap((keyType) =>
      VERSIONS.map((version): Case => [
        `talosctl gen config for Talos ${version} takes a bundle with a CA of ${keyType}, and its files are in order`,
        () => genConfig(programs, version, `${keyType}.yaml`),
      ]),
    ),
    ["a talosconfig is read, and merged with another, by both", () => mergeTalosconfigs(programs)],
  ];
}

function genSecrets({ talosctl }: Programs, out: string, ...options: readonly string[]): void {
  talosctl("gen", "secrets", "--force", "--output-file", out, ...options);
}

/** Every command that reads a bundle, and talosctl what they write. */
function useBundle(programs: Programs, secrets: string): void {
  const { bridge, talosctl } = programs;
  const from = ["--secrets", secrets];
  strictEqual(JSON.parse(bridge("secrets", "show", ...from, "-o", "json")).fields.length, 14);
  match(bridge("secrets", "extract", "trustdinfo.token", ...from), /^[0-9a-z]{6}\.[0-9a-z]{16}\n$/);
  match(bridge("secrets", "extract", "certs.os.key", ...from), /^-----BEGIN PRIVATE KEY-----/);
  match(bridge("pki", "inspect", secrets), /certs\.os\.crt +CA /);
  bridge("config", "talosconfig", ...from, "--endpoints", "10.5.0.2", "--out", "talosconfig", "--force");
  match(talosctl("config", "info", "--talosconfig", "talosconfig"), /Roles: +os:admin\n/);
  bridge("pki", "verify", "talosconfig", "--ca", secrets);
  const worker = writeWorker(programs, { version: "1.12", secrets });
  validate(programs, worker);
  inOrder(
    programs,
    secrets,
    ["secrets bundle", "talosconfig", "machine config"],
    [secrets, "talosconfig", worker],
  );
}

/** Throws where `config validate` finds anything in files of a bundle, but for the endpoints that talosctl leaves out. */
function inOrder(
  { bridge }: Programs,
  secrets: string,
  kinds: readonly string[],
  paths: readonly string[],
): void {
  const said = JSON.parse(bridge("config", "validate", ...paths, "--secrets", secrets, "-o", "json"));
  const files: readonly { kind: string; findings: readonly { code: string }[] }[] = said.files;
  deepStrictEqual(
    files.map(({ kind, findings }) => [kind, ...findings.filter(({ code }) => code !== "endpoint")]),
    kinds.map((kind) => [kind]),
  );
}

function takePki(programs: Programs): void {
  const { bridge, write } = programs;
  const pki = ["--from-kubernetes-pki", `${FIXTURES}/kubernetes-pki`];
  const token = "abcdef.0123456789abcdef";
  genSecrets(programs, "their-pki.yaml", ...pki, "--kubernetes-bootstrap-token", token);
  useBundle(programs, "their-pki.yaml");
  write("token", token);
  bridge("secrets", "generate", ...pki, "--bootstrap-token-file", "token", "--out", "our-pki.yaml");
  const taken = ["k8s", "etcd", "k8saggregator"].flatMap((name) => [
    `certs.${name}.crt`,
    `certs.${name}.key`,
  ]);
  for (const field of [...taken, "certs.k8sserviceaccount.key", "secrets.bootstraptoken"]) {
    const [ours, theirs] = ["our-pki.yaml", "their-pki.yaml"].map((path) =>
      bridge("secrets", "extract", field, "--secrets", path),
    );
    strictEqual(ours, theirs);
  }
}

function importConfig(programs: Programs): void {
  const { bridge, talosctl, read } = programs;
  genSecrets(programs, "theirs.yaml");
  const secrets = ["--with-secrets", "theirs.yaml"];
  talosctl("gen", "config", "demo", "https://10.0.0.1:6443", ...secrets, "--output", "imported");
  genSecrets(programs, "their-import.yaml", "--from-controlplane-config", "imported/controlplane.yaml");
  bridge(
    "secrets",
    "import",
    "--from-controlplane",
    "imported/controlplane.yaml",
    "--out",
    "our-import.yaml",
  );
  strictEqual(read("our-import.yaml"), read("their-import.yaml"));
  strictEqual(read("our-import.yaml"), read("theirs.yaml"));
}

function genConfig(programs: Programs, version: string, secrets: string): void {
  const { bridge, talosctl } = programs;
  const given = ["--with-secrets", secrets, "--talos-version", version, "--output", "generated", "--force"];
  talosctl("gen", "config", "demo", "https://10.0.0.1:6443", ...given);
  const files = ["controlplane.yaml", "worker.yaml", "talosconfig"].map((name) => `generated/${name}`);
  inOrder(programs, secrets, ["machine config", "machine config", "talosconfig"], files);
  bridge("pki", "verify", "generated/talosconfig", "--ca", secrets);
}

function mergeTalosconfigs({ bridge, talosctl }: Programs): void {
  const issue = (out: string, ...options: readonly string[]): void =>
    void bridge("config", "talosconfig", "--secrets", "ed25519.yaml", ...options, "--out", out);
  issue(
    "one",
    "--endpoints",
    "10.5.0.2,10.5.0.3",
    "--nodes",
    "10.5.0.4",
    "--roles",
    "os:reader,os:etcd:backup",
  );
  const info = JSON.parse(talosctl("config", "info", "--talosconfig", "one", "--output", "json"));
  deepStrictEqual(
    [info.context, info.endpoints, info.nodes],
    ["talos", ["10.5.0.2", "10.5.0.3"], ["10.5.0.4"]],
  );
  deepStrictEqual(info.roles, ["os:etcd:backup", "os:reader"]);
  issue("two", "--endpoints", "10.5.0.5");
  issue("three", "--endpoints", "10.5.0.5", "--merge", "one");
  talosctl("config", "merge", "two", "--talosconfig", "one");
  const [theirs, ours] = ["one", "three"].map((path) =>
    talosctl("config", "contexts", "--talosconfig", path),
  );
  match(String(theirs), /^\* +talos-1 +10\.5\.0\.5/m);
  strictEqual(ours, theirs);
  bridge("config", "validate", "one", "three");
}
