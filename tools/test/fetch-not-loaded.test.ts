import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

// Tells at the end whether undici, which is Node's fetch, was loaded on the way.
const WATCH = `
  process.once("exit", () => {
    const loaded = process.moduleLoadList.some((name) => name.endsWith("/undici"));
    process.stderr.write(loaded ? "fetch was loaded" : "fetch was not loaded");
  });
`;

function run(...args: string[]): string {
  const watch = `--import=data:text/javascript,${encodeURIComponent(WATCH)}`;
  const command = ["--conditions=@talos-bridge/source", watch, ...args];
  return spawnSync(process.execPath, command, { cwd: root, env: {}, encoding: "utf8" }).stderr;
}

test.each(["new Headers()", "import 'node:http'"])("what loads it: %s", (code) => {
  expect(run("--input-type=module", "-e", code)).toContain("fetch was loaded");
});

// 17 MiB and 50 ms that a server of gRPC has no use for. grpc-server's status-error.test.ts has what happens in calls.
test.each(["csr-signer", "kms-vault"])("%s starts without it", (app) => {
  expect(run(join(root, "apps", app, "src/main.ts"))).toContain("fetch was not loaded");
});
