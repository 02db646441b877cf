import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";

test("npm start: a worker's certificate is verified and printed, then the signer serves until it is told to stop", async () => {
  const root = resolve(import.meta.dirname, "../..");
  const child = spawn(process.execPath, ["--conditions=@talos-bridge/source", "tools/start.ts"], {
    cwd: root,
    env: { ...process.env, PORT: "0", ADMIN_ADDR: "127.0.0.1:0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  const served = new Promise<void>((done) => {
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes("Ctrl-C ends it")) done();
    });
  });
  const exited = new Promise<number | null>((done) => void child.once("exit", done));
  await Promise.race([served, exited]);
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
  expect(output).toMatch(/verified +ok/);
  expect(output).toContain("-----BEGIN CERTIFICATE-----");
});
