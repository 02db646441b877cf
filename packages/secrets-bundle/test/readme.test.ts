import {
  lintMachineConfig,
  lintTalosconfig,
  readMachineConfig,
  readTalosconfig,
} from "@talos-bridge/secrets-bundle";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/```ts\n(?<code>[^]*?)```/g)].map(
  ({ groups }) => groups?.["code"] ?? "",
);
const folder = mkdtempSync(join(import.meta.dirname, "readme-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(index: number): Promise<Readonly<Record<string, unknown>>> {
  const file = join(folder, `example-${index}.ts`);
  writeFileSync(file, examples[index] ?? "");
  return await import(pathToFileURL(file).href);
}

test("there are three examples", () => {
  expect(examples).toHaveLength(3);
});

test("make a cluster", async () => {
  const { isSame, crt, worker, talosconfig, patch } = await run(0);
  expect({ isSame, crt }).toEqual({ isSame: true, crt: "-----BEGIN CERTIFICATE-----" });
  expect(lintMachineConfig(String(worker), { now: new Date() })).toEqual([]);
  expect(readTalosconfig(String(talosconfig)).context).toBe("demo");
  expect(lintTalosconfig(String(talosconfig), { now: new Date() })).toEqual([]);
  expect(String(patch)).toContain("kind: VolumeConfig\nname: EPHEMERAL\n");
});

test("find what is wrong", async () => {
  expect((await run(1))["findings"]).toEqual([
    "error: cluster.id is redacted: the value itself is not there",
    "warning: certs.etcd.crt expires on 2039-12-30",
    "warning: certs.k8s.crt expires on 2039-12-30",
    "warning: certs.k8saggregator.crt expires on 2039-12-30",
    "warning: certs.os.crt expires on 2039-12-30",
    "warning: trustdinfo.token is not 6 and 16 of a-z and 0-9 with a dot between, as Talos makes tokens",
  ]);
});

test("change one thing", async () => {
  const { rotated, kept } = await run(2);
  expect(kept).toBe(true);
  expect(readMachineConfig(String(rotated)).acceptedCas).toHaveLength(2);
});
