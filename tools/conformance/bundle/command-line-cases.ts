import { TALOS_VERSIONS } from "@talos-bridge/secrets-bundle";
import { deepStrictEqual, strictEqual } from "node:assert";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Case, Material } from "./material.ts";

const CLI = resolve(import.meta.dirname, "../../../apps/cli/dist/main.js");

/** The built talos-bridge and Talos, each reading what the other writes. */
export function commandLineCases({
  talos,
  folder,
  save,
  theirs,
  theirsText,
  theirsPath,
}: Material): readonly Case[] {
  const line = (...argv: readonly string[]): string => commandLine(folder, argv);
  return [
    [
      "what the command line writes is what Talos loads: bundle, worker config, talosconfig",
      async () => {
        const at = (name: string): string => join(folder, name);
        line("secrets", "generate", "--out", at("cli-secrets.yaml"));
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
          line("config", "worker", ...secrets, ...machine, "--out", out);
          await talos.ask({ do: "validate-config", path: out });
          line("config", "validate", out, ...secrets);
        }
        const config = [
          "--endpoints",
          "10.0.0.1",
          "--roles",
          "os:reader,os:etcd:backup",
          "--out",
          at("cli-talosconfig"),
        ];
        line("config", "talosconfig", ...secrets, ...config);
        deepStrictEqual(await talos.ask({ do: "open-talosconfig", path: at("cli-talosconfig") }), {
          context: "talos",
          endpoints: ["10.0.0.1"],
          nodes: null,
          // In the order of their encodings (X.690 §11.6).
          roles: "os:reader,os:etcd:backup",
        });
      },
    ],
    [
      "the command line reads what Talos writes",
      async () => {
        const { os } = theirs.certs;
        strictEqual(line("secrets", "extract", "certs.os.crt", "--secrets", theirsPath), os.crt);
        const controlPlane = save(
          await talos.text({ do: "control-plane-config", path: theirsPath, contract: "1.13", other: "" }),
        );
        const out = join(folder, "imported.yaml");
        line("secrets", "import", "--from-controlplane", controlPlane, "--out", out);
        strictEqual(readFileSync(out, "utf8"), theirsText);
      },
    ],
  ];
}

/** Standard output of the built talos-bridge; throws with what it says on standard error. */
function commandLine(folder: string, argv: readonly string[]): string {
  return execFileSync(process.execPath, [CLI, ...argv], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TALOS_BRIDGE_AUDIT_LOG: join(folder, "audit.log") },
  });
}
