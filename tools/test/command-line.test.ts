// The command line against the real services, all in this process.
import { makeThrowAwayCluster } from "@talos-bridge/testing";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { run as runCli } from "../../apps/cli/src/run.ts";
import { run as runSigner } from "../../apps/csr-signer/src/run.ts";
import { run as runKms } from "../../apps/kms-vault/src/run.ts";

function scratchDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "command-line-test-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

async function commandLine(
  argv: readonly string[],
  stdin: string | Uint8Array = "",
): Promise<{ exit: number; stdout: string; stderr: string }> {
  let stdout = "";
  let stderr = "";
  const exit = await runCli({
    argv,
    env: {},
    readStdin: async () => Buffer.from(stdin),
    stdout: { write: (text) => void (stdout += text), isTerminal: false },
    stderr: { write: (text) => void (stderr += text), isTerminal: false },
    now: () => new Date(),
    interrupted: new AbortController().signal,
  });
  return { exit, stdout, stderr };
}

/** Runs a service until the test is over. */
async function serve<Started>(
  start: (world: {
    stop: AbortSignal;
    stopNow: AbortSignal;
    write: (text: string) => void;
    onListening: (started: Started) => void;
  }) => Promise<number>,
): Promise<Started> {
  const stop = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<Started>();
  let output = "";
  const ended = start({
    stop: stop.signal,
    stopNow: stop.signal,
    write: (text) => void (output += text),
    onListening: resolve,
  });
  ended.then((code) => reject(new Error(`ended with ${code}: ${output}`)), reject);
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  return promise;
}

test("csr test gets and verifies a certificate; a wrong token and a wrong CA are told apart", async () => {
  const dir = scratchDir();
  const cluster = await makeThrowAwayCluster(dir, new Date());
  const { port } = await serve<{ port: number }>((world) =>
    runSigner({
      ...world,
      argv: [],
      env: {
        PORT: "0",
        BIND_ADDRESS: "127.0.0.1",
        ADMIN_ADDR: "127.0.0.1:0",
        SERVER_IPS: "127.0.0.1",
        CA_CERT_PATH: cluster.caCertificate,
        CA_KEY_PATH: cluster.caKey,
        TALOS_TOKEN_FILE: cluster.tokenFile,
      },
      host: { hostname: "host", addresses: [] },
      now: () => new Date(),
    }),
  );
  const argv = [
    "csr",
    "test",
    "--endpoint",
    `127.0.0.1:${port}`,
    "--hostname",
    "worker-7",
    "--ip",
    "192.0.2.7",
  ];
  const good = ["--ca", cluster.caCertificate, "--token-file", cluster.tokenFile];
  const { exit, stdout, stderr } = await commandLine([...argv, ...good, "-o", "json"]);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: "✔ signed, and verified with the CA\n" });
  expect(JSON.parse(stdout)).toMatchObject({
    kind: "SignedCertificate",
    names: ["worker-7", "192.0.2.7", "127.0.0.1"],
    acceptedCas: 1,
  });

  const wrong = join(dir, "wrong-token");
  writeFileSync(wrong, "abcdef.0123456789abcdef\n");
  const refused = await commandLine([...argv, "--ca", cluster.caCertificate, "--token-file", wrong]);
  expect(refused).toMatchObject({ exit: 2, stdout: "" });
  expect(refused.stderr).toContain("Unauthenticated: invalid token (TB2003");

  const other = await makeThrowAwayCluster(mkdtempSync(join(dir, "other-")), new Date());
  const untrusted = await commandLine([
    ...argv,
    "--ca",
    other.caCertificate,
    "--token-file",
    cluster.tokenFile,
  ]);
  expect(untrusted).toMatchObject({ exit: 2, stdout: "" });
  expect(untrusted.stderr).toContain("TB2002");
});

test("kms seal, unseal and roundtrip as a node; another node's key is refused", async () => {
  const dir = scratchDir();
  const { port } = await serve<{ port: number }>((world) =>
    runKms({
      ...world,
      argv: ["--kms-api-endpoint=127.0.0.1:0", "--health-server=false"],
      env: {
        KMS_BACKEND: "keyring",
        KMS_KEYRING_PATH: join(dir, "keyring.json"),
        KMS_KEYRING_CREATE: "true",
      },
      hostname: "host",
      leaderFilePath: join(dir, "leader"),
    }),
  );
  const server = (node: string): string[] => [
    "--endpoint",
    `grpc://127.0.0.1:${port}`,
    "--node-uuid",
    node,
    "-q",
  ];
  const node = randomUUID();
  const key = randomBytes(32);
  const sealed = await commandLine(["kms", "seal", ...server(node), "--in", "-"], key);
  expect(sealed.exit).toBe(0);
  for (const form of [
    sealed.stdout,
    Buffer.from(sealed.stdout, "base64").toString("latin1"),
    JSON.stringify({ type: "sideroKMS", keyslots: ["0"], sealedData: sealed.stdout.trim() }),
  ]) {
    const unsealed = await commandLine(["kms", "unseal", ...server(node), "--in", "-"], form);
    expect(unsealed).toMatchObject({ exit: 0, stdout: key.toString("base64") });
  }
  const roundtrip = await commandLine(["kms", "roundtrip", ...server(node)]);
  expect(roundtrip.exit).toBe(0);
  expect(roundtrip.stdout).toContain("came back the same");

  const refused = await commandLine(["kms", "unseal", ...server(randomUUID()), "--in", "-"], sealed.stdout);
  expect(refused).toMatchObject({ exit: 2, stdout: "" });
  expect(refused.stderr).toContain("PermissionDenied");
  const foreign = await commandLine(["kms", "unseal", ...server(node), "--in", "-"], "hello");
  expect(foreign).toMatchObject({ exit: 1, stdout: "" });
});
