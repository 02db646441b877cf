import {
  addAcceptedCa,
  encodeKmsPatch,
  encodeSecretsBundle,
  encodeWorkerConfig,
  lintMachineConfig,
  replaceMachineCa,
  secretsBundleFromMachineConfig,
  TALOS_VERSIONS,
} from "@talos-bridge/secrets-bundle";
import { deepStrictEqual, strictEqual } from "node:assert";
import type { Case, Material } from "./material.ts";
import type { WorkerOptions } from "./talos.ts";

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

/** Machine configs of workers and control planes, for each Talos version. */
export function machineConfigCases({
  talos,
  save,
  later,
  ours,
  oursPath,
  theirs,
  theirsPath,
}: Material): readonly Case[] {
  const cases: Case[] = [];
  for (const contract of TALOS_VERSIONS) {
    for (const { name, options } of WORKERS) {
      const write = (): string => encodeWorkerConfig({ bundle: ours, talosVersion: contract, ...options });
      cases.push([
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
    cases.push(
      [
        `a worker of Talos ${contract} passes its validation for metal, during a rotation too`,
        async () => {
          const rotated = addAcceptedCa(
            replaceMachineCa(worker(), { crt: theirs.certs.os.crt }),
            ours.certs.os.crt,
          );
          for (const text of [worker(), rotated])
            await talos.ask({ do: "validate-config", path: save(text) });
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
      cases.push([
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
  return cases;
}
