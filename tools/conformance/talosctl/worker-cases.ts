// Machine configs of workers as talos-bridge writes them, and its KMS patches: valid for talosctl, strictly.
import { TALOS_VERSIONS } from "@talos-bridge/secrets-bundle";
import { strictEqual, throws } from "node:assert";
import type { Case, Programs } from "./programs.ts";

/** Of Talos CAs. The bundle of each is `KEY-TYPE.yaml`. */
export const KEY_TYPES = ["ed25519", "p256", "rsa-4096"] as const;
const FORMS = ["volume-config", "machine-config"] as const;

export function workerCases(programs: Programs): readonly Case[] {
  return [
    ...KEY_TYPES.flatMap((keyType) =>
      TALOS_VERSIONS.map((version): Case => [
        `a worker of Talos ${version} under a CA of ${keyType} is valid for metal and cloud`,
        () => validate(programs, writeWorker(programs, { version, secrets: `${keyType}.yaml` })),
      ]),
    ),
    ["a worker with every option is valid too", () => writeWithAllOptions(programs)],
    ...TALOS_VERSIONS.flatMap((version) =>
      FORMS.map((form): Case => [
        `a KMS patch as ${form} goes onto a worker of Talos ${version} as it is, and the worker stays valid`,
        () => takeKmsPatch(programs, version, form),
      ]),
    ),
    // talosctl knows the versions up to its own.
    ...TALOS_VERSIONS.filter((version) => version !== "1.13").map((version): Case => [
      `a worker of Talos ${version} is what talosctl gen config writes, byte for byte`,
      () => writeTheSame(programs, version),
    ]),
    ["a worker that is spoiled is refused", () => refuseSpoiled(programs)],
  ];
}

const ENDPOINT = "https://10.0.0.1:6443";
const KUBERNETES = "1.34.1";
const SANS = "10.5.0.9,a.example.com";

/** Writes a worker's machine config with talos-bridge; its path. */
export function writeWorker(
  { bridge }: Programs,
  { version, secrets = "ed25519.yaml", acceptedCas, out = "worker.yaml" }: Worker,
): string {
  const cluster = ["--secrets", secrets, "--endpoint", ENDPOINT];
  const versions = ["--talos-version", version, "--kubernetes-version", KUBERNETES];
  const node = ["--install-disk", "/dev/sda", "--san", SANS];
  const rotation = acceptedCas === undefined ? [] : ["--accepted-cas", acceptedCas];
  bridge("config", "worker", ...cluster, ...versions, ...node, ...rotation, "--out", out, "--force");
  return out;
}

interface Worker {
  readonly version: string;
  readonly secrets?: string;
  readonly acceptedCas?: string;
  readonly out?: string;
}

/** Throws where talosctl warns of anything, for metal or for the cloud. */
export function validate({ talosctl }: Programs, path: string): void {
  for (const mode of ["metal", "cloud"]) {
    const said = talosctl("validate", "--mode", mode, "--strict", "--config", path);
    strictEqual(said, `${path} is valid for ${mode} mode\n`);
  }
}

function writeWithAllOptions(programs: Programs): void {
  const { bridge, write } = programs;
  write("token", "abcdef.0123456789abcdef");
  const cluster = [
    "--secrets",
    "ed25519.yaml",
    "--endpoint",
    "https://[fd00::1]:6443",
    "--cluster-name",
    "yes",
  ];
  const networks = ["--pod-cidr", "10.244.0.0/16,fd00:1::/56", "--service-cidr", "10.96.0.0/12,fd00:2::/112"];
  const names = ["--san", "yes,1e3,~,a.example.com", "--dns-domain", "corp.local", "--no-discovery"];
  const install = ["--install-disk", "/dev/sda", "--install-image", "factory.example.com/installer:v1"];
  write("other.pem", bridge("secrets", "extract", "certs.os.crt", "--secrets", "p256.yaml"));
  write("k8s.pem", bridge("secrets", "extract", "certs.k8s.crt", "--secrets", "p256.yaml"));
  const trust = [
    "--kubernetes-ca",
    "k8s.pem",
    "--accepted-cas",
    "other.pem",
    "--bootstrap-token-file",
    "token",
  ];
  for (const version of TALOS_VERSIONS) {
    const given = [...cluster, ...networks, ...names, ...install, ...trust, "--talos-version", version];
    bridge("config", "worker", ...given, "--out", "full.yaml", "--force");
    validate(programs, "full.yaml");
  }
}

function takeKmsPatch(programs: Programs, version: string, form: (typeof FORMS)[number]): void {
  const { bridge, talosctl, read } = programs;
  const base = writeWorker(programs, { version });
  const kms = ["--endpoint", "https://kms.example.com:4050", "--volumes", "STATE,EPHEMERAL"];
  bridge("config", "kms-patch", ...kms, "--recovery-key", "--form", form, "--out", "kms.yaml", "--force");
  talosctl("machineconfig", "patch", base, "--patch", "@kms.yaml", "--output", "patched.yaml");
  validate(programs, "patched.yaml");
  // Lists stand deeper in the one than in the other, which says the same.
  const [before, patch, after] = [base, "kms.yaml", "patched.yaml"].map((path) =>
    read(path).replaceAll(/^ +/gm, ""),
  );
  const added = form === "volume-config" ? `---\n${patch}` : patch?.replace("machine:\n", "");
  strictEqual(after?.replace(String(added), ""), before);
}

function writeTheSame(programs: Programs, version: string): void {
  const { talosctl, read } = programs;
  const ours = writeWorker(programs, { version });
  const versions = ["--talos-version", version, "--kubernetes-version", KUBERNETES];
  const node = ["--install-disk", "/dev/sda", "--install-image", "", "--additional-sans", SANS];
  const form = ["--output-types", "worker", "--with-docs=false", "--with-examples=false"];
  const cluster = ["--with-secrets", "ed25519.yaml", "talos", ENDPOINT];
  talosctl("gen", "config", ...cluster, ...versions, ...node, ...form, "--output", "theirs.yaml", "--force");
  strictEqual(read(ours), read("theirs.yaml"));
}

/**
 * What talosctl refuses `talos-bridge config validate` finds too, but for fields that there are not: it judges what a cluster's
 * trust hangs on, and leaves the rest of a machine config to talosctl.
 */
function refuseSpoiled(programs: Programs): void {
  const { bridgeEnds, read, write } = programs;
  const sound = read(writeWorker(programs, { version: "1.12" }));
  const spoiled = [
    {
      text: sound.replace("type: worker", "type: worker\n    tokens: a"),
      why: /unknown keys found/,
      ours: 0,
    },
    { text: sound.replace(/^ {8}crt: .*\n/m, ""), why: /trusted CA certificates are required/, ours: 3 },
    { text: sound.replace(/^ {8}key: ""$/m, "        key: bm9uZQ=="), why: /CA key is not allowed/, ours: 3 },
    { text: sound.replace(ENDPOINT, "10.0.0.1:6443"), why: /first path segment in URL/, ours: 3 },
    { text: sound.replace(ENDPOINT, "https://"), why: /hostname must not be blank/, ours: 3 },
    { text: sound.replace(/^ {8}endpoint: .*\n/m, ""), why: /endpoint is required/, ours: 3 },
  ];
  for (const { text, why, ours } of spoiled) {
    write("spoiled.yaml", text);
    throws(() => validate(programs, "spoiled.yaml"), why);
    strictEqual(bridgeEnds("config", "validate", "spoiled.yaml").status, ours);
  }
}
