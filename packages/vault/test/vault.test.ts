import { TLSSocket } from "node:tls";
import { createVault, readVaultTls, type VaultSettings } from "@talos-bridge/vault";
import { expect, onTestFinished, test } from "vitest";
import { echo, fixture, serve } from "./support/servers.ts";

test("a client from settings: TLS from files, reloaded for the cert method, health", async () => {
  const paths: (string | undefined)[] = [];
  const certificates: string[] = [];
  const { port } = await serve(
    (request, response) => {
      paths.push(request.url);
      if (request.socket instanceof TLSSocket) {
        certificates.push(request.socket.getPeerX509Certificate() === undefined ? "none" : "client");
      }
      const auth = { client_token: "hvs.x", lease_duration: 60, renewable: true };
      response.end(JSON.stringify({ auth, version: "2.7.2", data: { ciphertext: "vault:v1:AAAA" } }));
    },
    {
      cert: fixture("server.crt"),
      key: fixture("server.key"),
      ca: fixture("ca.crt"),
      requestCert: true,
      rejectUnauthorized: false,
    },
  );
  const files: Record<string, string> = {
    "/ca": fixture("ca.crt"),
    "/c": fixture("client.crt"),
    "/k": fixture("client.key"),
  };
  const settings: VaultSettings = {
    address: `https://127.0.0.1:${port}`,
    auth: { method: "cert" },
    tls: { caFile: "/ca", certFile: "/c", keyFile: "/k" },
  };
  const vault = await createVault(settings, { readFile: async (path) => files[path] ?? "" });
  expect(vault.files).toEqual({ tls: ["/ca", "/c", "/k"], credentials: [] });
  expect(await vault.health()).toEqual({ usable: true, status: 200, state: "active", version: "2.7.2" });
  expect(await vault.transit("kms").encrypt({ key: "a", plaintext: new Uint8Array(1) })).toMatchObject({
    keyVersion: 1,
  });
  files["/k"] = "no key";
  await expect(vault.reloadTls()).rejects.toMatchObject({ code: "ERR_VAULT_CREDENTIALS" });
  await vault.close();
  expect(paths).toEqual([
    "/v1/sys/health",
    "/v1/auth/cert/login",
    "/v1/kms/encrypt/a",
    "/v1/auth/token/revoke-self",
  ]);
  expect(new Set(certificates)).toEqual(new Set(["client"]));
});

test("health of a server that is not there", async () => {
  const vault = await createVault(
    { address: "http://127.0.0.1:1", auth: { method: "agent" } },
    { readFile: () => Promise.reject(new Error("never")) },
  );
  expect(await vault.health()).toEqual({
    usable: false,
    status: undefined,
    state: "unreachable",
    version: undefined,
  });
  await vault.close();
});

for (const { name, input, want } of [
  { name: "429", input: 429, want: { usable: true, state: "standby" } },
  { name: "472", input: 472, want: { usable: false, state: "dr-secondary" } },
  { name: "473", input: 473, want: { usable: true, state: "standby" } },
  { name: "474", input: 474, want: { usable: false, state: "unknown" } },
  { name: "501", input: 501, want: { usable: false, state: "uninitialized" } },
  { name: "503", input: 503, want: { usable: false, state: "sealed" } },
  { name: "530", input: 530, want: { usable: false, state: "removed" } },
]) {
  test(`health: ${name}`, async () => {
    const { port } = await serve((_, response) => response.writeHead(input).end("{}"));
    const vault = await createVault(
      { address: `http://127.0.0.1:${port}`, auth: { method: "agent" } },
      { readFile: () => Promise.reject(new Error("never")) },
    );
    onTestFinished(() => vault.close());
    expect(await vault.health()).toMatchObject({ ...want, status: input });
  });
}

test("a call's time is the settings' where that is shorter", async () => {
  const { port } = await serve(() => undefined);
  const vault = await createVault(
    { address: `http://127.0.0.1:${port}`, auth: { method: "agent" }, timeoutMs: 50 },
    { readFile: () => Promise.reject(new Error("never")) },
  );
  onTestFinished(() => vault.close());
  await expect(vault.call({ method: "GET", path: "a" })).rejects.toMatchObject({ code: "ERR_VAULT_TIMEOUT" });
});

test("the agent's answer passes as it is", async () => {
  const { port } = await serve(echo);
  const vault = await createVault(
    { address: `http://127.0.0.1:${port}`, auth: { method: "agent" } },
    { readFile: () => Promise.reject(new Error("never")) },
  );
  onTestFinished(() => vault.close());
  expect(await vault.call({ method: "GET", path: "a/b" })).toMatchObject({ status: 200, data: {} });
});

const PEM = fixture("ca.crt");
const FILES: Readonly<Record<string, string>> = { "/cas/a.pem": PEM, "/cas/b.pem": "text", "/ca": PEM };
const ports = {
  readFile: async (path: string) => {
    const text = FILES[path];
    if (text === undefined) throw new Error("ENOENT");
    return text;
  },
  readDirectory: async () => ["..data", "b.pem", "a.pem"],
};

for (const { name, input, want } of [
  { name: "a CA file", input: { caFile: "/ca", caPem: "x", caDirectory: "/y" }, want: PEM },
  { name: "a CA as text", input: { caPem: PEM, caDirectory: "/y" }, want: PEM },
  { name: "a directory's certificates", input: { caDirectory: "/cas" }, want: [PEM] },
  { name: "no CA", input: {}, want: undefined },
]) {
  test(`TLS files: ${name}`, async () => {
    expect((await readVaultTls(input, ports)).ca).toEqual(want);
  });
}

for (const { name, input } of [
  { name: "a file that is not there", input: { caFile: "/none" } },
  { name: "a file without a certificate", input: { caFile: "/cas/b.pem" } },
  { name: "a directory without one", input: { caDirectory: "/empty" } },
  { name: "a key that is not there", input: { certFile: "/ca", keyFile: "/none" } },
]) {
  test(`TLS files: ${name} is a fault`, async () => {
    await expect(readVaultTls(input, ports)).rejects.toMatchObject({ code: "ERR_VAULT_CREDENTIALS" });
  });
}
