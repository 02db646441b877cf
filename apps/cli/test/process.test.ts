import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { makeBundle } from "./support/bundle.ts";
import { file } from "./support/authorities.ts";
import { NOW, scratchDir } from "./support/command-line.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

type Stdio = "pipe" | "ignore" | number;

/** The command line as a process of its own. */
function start(argv: readonly string[], stdio: readonly [Stdio, Stdio, Stdio], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ["--conditions=@talos-bridge/source", MAIN, ...argv], {
    stdio: [...stdio],
    env: { ...process.env, TALOS_BRIDGE_AUDIT_LOG: join(scratchDir(), "audit.log"), ...env },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, ended: once(child, "close") };
}

test("a pager that is closed early is no error, and closed standard error changes nothing", async () => {
  const dir = scratchDir();
  const secrets = file(dir, "secrets.yaml", await makeBundle(NOW));
  const { child, ended } = start(
    ["config", "validate", secrets, "--expiring", "1s"],
    ["ignore", "pipe", "pipe"],
  );
  child.stdout?.destroy();
  child.stderr?.destroy();
  expect(await ended).toEqual([0, null]);
});

test.skipIf(!existsSync("/dev/full"))("what standard output loses on a full disk is an error", async () => {
  const full = openSync("/dev/full", "w");
  onTestFinished(() => closeSync(full));
  const { child, ended } = start(["version"], ["ignore", full, "pipe"]);
  const stderr = child.stderr === null ? "" : await text(child.stderr);
  expect(await ended).toEqual([1, null]);
  expect(stderr).toContain("ENOSPC (TB1004");
});

test("Ctrl-C ends a command that waits for standard input", async () => {
  const { child, ended } = start(["secrets", "show", "--secrets", "-"], ["pipe", "ignore", "pipe"]);
  // More than a pipe holds: it is through once the command reads.
  child.stdin?.write(Buffer.alloc(2 * 1_048_576), () => child.kill("SIGINT"));
  expect(await ended).toEqual([130, null]);
});

test("standard input without an end is refused, not kept", async () => {
  const zero = openSync("/dev/zero", "r");
  onTestFinished(() => closeSync(zero));
  const { child, ended } = start(["secrets", "show", "--secrets", "-"], [zero, "ignore", "pipe"]);
  const stderr = child.stderr === null ? "" : await text(child.stderr);
  expect(await ended).toEqual([1, null]);
  expect(stderr).toContain("standard input can't be read: larger than");
});

// npm and shells hand on what the terminal has sent already: it comes twice.
test.each([1, 2])(
  "a service that is told to end %i times takes its copy of the CA's key with it",
  async (times) => {
    const dir = scratchDir();
    const secrets = file(dir, "secrets.yaml", await makeBundle(new Date()));
    const flags = [
      "--bind-address",
      "127.0.0.1",
      "--port",
      "0",
      "--admin-addr",
      "127.0.0.1:0",
      "--server-ips",
      "127.0.0.1",
    ];
    const { child, ended } = start(
      ["serve", "csr-signer", "--secrets", secrets, "--", ...flags],
      ["ignore", "pipe", "pipe"],
      { TMPDIR: dir },
    );
    let said = "";
    let sent = 0;
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      // The first once it listens, the second once it says that it ends.
      if (said.includes("listening") && sent < times) sent += child.kill("SIGTERM") ? 1 : 0;
    });
    expect(await ended).toEqual([0, null]);
    expect(sent).toBe(times);
    expect(readdirSync(dir)).toEqual(["secrets.yaml"]);
  },
);
