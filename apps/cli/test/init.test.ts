import { readTalosconfig } from "@talos-bridge/secrets-bundle";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { file } from "./support/authorities.ts";
import { commandLine, scratchDir } from "./support/command-line.ts";

test.each([
  { endpoint: "kms.example.com", want: "https://kms.example.com:8080" },
  { endpoint: "fd00::1", want: "https://[fd00::1]:8080" },
  { endpoint: "[fd00::1]", want: "https://[fd00::1]:8080" },
])("the KMS at $endpoint is $want for the nodes", async ({ endpoint, want }) => {
  const folder = join(scratchDir(), "demo");
  const { exit, stdout } = await commandLine(["init", folder, "--target", "kms", "--endpoint", endpoint]);
  expect(exit).toBe(0);
  expect(stdout).toContain(`kms roundtrip --endpoint ${want} `);
  expect(readFileSync(join(folder, "kms-patch.yaml"), "utf8")).toContain(`endpoint: ${want}\n`);
  expect(readFileSync(join(folder, ".gitignore"), "utf8")).toBe("*\n");
});

test.each([
  { target: "kamaji", want: "kubectl -n tenants create secret generic demo-talos-ca " },
  { target: "kubeadm", want: "kubectl -n talos-csr-signer create secret generic cluster-talos-ca " },
])("for $target the Secret is called as its guide has it", async ({ target, want }) => {
  const folder = join(scratchDir(), "demo");
  const argv = ["init", folder, "--target", target, "--endpoint", "10.0.0.1", "--install-disk", "/dev/vda"];
  const { exit, stdout } = await commandLine(argv);
  expect(exit).toBe(0);
  expect(stdout).toContain(want);
  expect(stdout).toContain(`--out ${join(folder, "worker.yaml")} --install-disk /dev/vda`);
  const [guide = ""] = /docs\/guides\/[a-z-]+\.md/.exec(stdout) ?? [];
  const text = readFileSync(new URL(`../../../${guide}`, import.meta.url), "utf8");
  expect(text).toContain(want.replace("demo", "tenant-a"));
  const { context, contexts } = readTalosconfig(readFileSync(join(folder, "talosconfig")));
  expect({ context, endpoints: contexts.get("demo")?.endpoints }).toEqual({ context: "demo", endpoints: [] });
});

test.each([
  { name: "a URL", argv: ["--endpoint", "https://10.0.0.1"] },
  { name: "a port beside the host", argv: ["--endpoint", "10.0.0.1:6443"] },
  { name: "a blank in the host", argv: ["--endpoint", "a b"] },
  { name: "a zone", argv: ["--endpoint", "fe80::1%eth0"] },
  { name: "a port that is none", argv: ["--endpoint", "a", "--port", "https"] },
])("refuses $name before anything is written", async ({ argv }) => {
  const folder = join(scratchDir(), "demo");
  const { exit, stderr } = await commandLine(["init", folder, "--target", "kamaji", ...argv]);
  expect({ exit, there: existsSync(folder) }).toEqual({ exit: 1, there: false });
  expect(stderr).toContain("TB1001");
});

test("in a folder with a .gitignore of its own that one stays, and is told of", async () => {
  const folder = join(scratchDir(), "mine");
  mkdirSync(folder);
  const path = file(folder, ".gitignore", "node_modules\n");
  const argv = ["init", folder, "--target", "kms", "--endpoint", "a", "--force"];
  const { exit, stderr } = await commandLine(argv);
  expect(exit).toBe(0);
  expect(readFileSync(path, "utf8")).toBe("node_modules\n");
  expect(stderr).toContain(`${path} is there already`);
});
