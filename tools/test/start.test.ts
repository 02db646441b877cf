import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const FREE_PORTS = {
  PORT: "0",
  ADMIN_ADDR: "127.0.0.1:0",
  KMS_API_ENDPOINT: "127.0.0.1:0",
  HEALTH_SERVER_ADDR: "127.0.0.1:0",
};

/** Runs `npm start`'s script until it says that it serves, or ends; then stops it. */
async function start(env: Record<string, string> = {}): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ["--conditions=@talos-bridge/source", "tools/start.ts"], {
    cwd: ROOT,
    env: { ...process.env, ...FREE_PORTS, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  const served = new Promise<void>((done) => {
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes("Ctrl-C ends both")) done();
    });
  });
  const exited = new Promise<number | null>((done) => void child.once("exit", done));
  await Promise.race([served, exited]);
  child.kill("SIGTERM");
  return { code: await exited, output };
}

test("npm start: a worker gets its certificate, a node's key is sealed and unsealed, then both serve until they are told to stop", async () => {
  const { code, output } = await start();
  expect(code).toBe(0);
  expect(output).toMatch(/verified +ok/);
  expect(output).toContain("-----BEGIN CERTIFICATE-----");
  expect(output).toMatch(/sealed +tbk:v1:1:/);
  expect(output).toMatch(/unsealed +the same 32 bytes/);
  expect(output.match(/msg=stopped/g)).toHaveLength(2);
});

test("npm start: where one program can't start, the other ends too, and the exit code is 1", async () => {
  const { code, output } = await start({ KMS_SEAL_SIZE: "none" });
  expect(code).toBe(1);
  expect(output).toContain("KMS_SEAL_SIZE");
  expect(output.match(/msg=stopped/g)).toHaveLength(1);
});
