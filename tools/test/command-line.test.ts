// The command line against the real services, all in this process.
import { makeThrowAwayCluster } from "@talos-bridge/testing";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandLine, scratchDir, serveKms, serveSigner } from "./support/services.ts";

test("csr test gets and verifies a certificate; a wrong token and a wrong CA are told apart", async () => {
  const dir = scratchDir();
  const cluster = await makeThrowAwayCluster(dir, new Date());
  const port = await serveSigner(cluster);
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

test("pki inspect, verify and needs-renewal look at a signer that runs", async () => {
  const dir = scratchDir();
  const cluster = await makeThrowAwayCluster(dir, new Date());
  const server = `127.0.0.1:${await serveSigner(cluster)}`;
  const seen = await commandLine(["pki", "inspect", server, cluster.caCertificate]);
  expect(seen.exit).toBe(0);
  expect(seen.stdout).toMatch(new RegExp(`^${server}(?: \\[1\\])? +certificate `, "m"));
  const good = await commandLine(["pki", "verify", server, "--ca", cluster.caCertificate]);
  expect(good).toMatchObject({ exit: 0, stderr: "" });
  const other = await makeThrowAwayCluster(mkdtempSync(join(dir, "other-")), new Date());
  const bad = await commandLine(["pki", "verify", server, "--ca", other.caCertificate]);
  expect(bad.exit).toBe(3);
  expect(bad.stdout).toContain("page:  docs/reference/findings.md#other-key");
  expect((await commandLine(["pki", "needs-renewal", server, "--within", "1h"])).exit).toBe(0);
  expect((await commandLine(["pki", "needs-renewal", server, "--within", "87600h"])).exit).toBe(3);
});

test("kms seal, unseal and roundtrip as a node; another node's key is refused", async () => {
  const dir = scratchDir();
  const port = await serveKms(dir);
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
