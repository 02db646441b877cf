import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createHttpRequest,
  VaultError,
  type HttpRequester,
  type HttpRequestOptions,
} from "@talos-bridge/vault";
import { expect, onTestFinished, test } from "vitest";
import { echo, fixture, post, POST_ECHO, serve } from "./support/servers.ts";

const SERVER_TLS = { cert: fixture("server.crt"), key: fixture("server.key") };
const CA = fixture("ca.crt");

test("a request and its answer, over one kept connection", async () => {
  const { port, connections } = await serve(echo);
  const { request } = requester({ address: `http://127.0.0.1:${port}/` });
  for (let n = 0; n < 3; n++) {
    expect(await request(post())).toMatchObject({ status: 200, body: POST_ECHO });
  }
  expect(connections).toHaveLength(1);
});

test("a base path is put before the request's", async () => {
  const { port } = await serve(echo);
  const { request } = requester({ address: `http://127.0.0.1:${port}/behind/this/` });
  expect(JSON.parse((await request(post())).body)).toMatchObject({
    url: "/behind/this/v1/transit/encrypt/a",
  });
});

test("unix:// goes to an agent's socket", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vault-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "agent.sock");
  await serve(echo, undefined, path);
  const { request } = requester({ address: `unix://${path}` });
  expect(await request(post())).toMatchObject({ status: 200, body: POST_ECHO });
});

for (const { name, tls, want } of [
  { name: "a CA that Vault's certificate chains to", tls: { ca: CA }, want: 200 },
  { name: "several CAs", tls: { ca: [fixture("other-ca.crt"), CA] }, want: 200 },
  { name: "another CA", tls: { ca: fixture("other-ca.crt") }, want: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
  { name: "no CA", tls: {}, want: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
  { name: "a server name that the certificate has", tls: { ca: CA, serverName: "vault.test" }, want: 200 },
  {
    name: "a server name that it has not",
    tls: { ca: CA, serverName: "other.test" },
    want: "ERR_TLS_CERT_ALTNAME_INVALID",
  },
  { name: "skipVerify", tls: { skipVerify: true }, want: 200 },
]) {
  test(`TLS with ${name}: ${want}`, async () => {
    const { port } = await serve(echo, SERVER_TLS);
    const { request } = requester({ address: `https://127.0.0.1:${port}`, tls });
    const outcome: unknown = await request(post()).then(
      ({ status }) => status,
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect(outcome).toBe(want);
  });
}

test("setTls: new connections use the new material, a request under way ends on the old", async () => {
  let answer = (): void => undefined;
  const { port, connections } = await serve(
    (request, response) => {
      if (request.url?.endsWith("slow") === true) answer = () => void response.end("slow");
      else response.end("quick");
    },
    { ...SERVER_TLS, ca: CA, requestCert: true, rejectUnauthorized: false },
  );
  const http = requester({ address: `https://127.0.0.1:${port}`, tls: { ca: CA } });
  const slow = http.request({ ...post(), path: "/v1/slow" });
  await until(() => connections.length === 1);
  http.setTls({ ca: CA, cert: fixture("client.crt"), key: fixture("client.key") });
  expect(await http.request(post())).toMatchObject({ body: "quick" });
  answer();
  expect(await slow).toMatchObject({ body: "slow" });
  await until(() => connections[0]?.destroyed === true);
  expect(connections).toHaveLength(2);
  expect(connections[1]).toMatchObject({ authorized: true, destroyed: false });
});

test("setTls with what cannot be used throws and leaves all as it was", async () => {
  const { port } = await serve(echo, SERVER_TLS);
  const http = requester({ address: `https://127.0.0.1:${port}`, tls: { ca: CA } });
  for (const tls of [
    { ca: CA, cert: fixture("client.crt"), key: fixture("server.key") },
    { ca: CA, cert: fixture("client.crt") },
    { ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
  ]) {
    expect(() => http.setTls(tls)).toThrow(expect.objectContaining({ code: "ERR_VAULT_CREDENTIALS" }));
  }
  expect(await http.request(post())).toMatchObject({ status: 200 });
});

for (const status of [301, 302, 307, 308]) {
  test(`a standby's ${status} is followed once, with method, token and body`, async () => {
    const active = await serve(echo);
    const standby = await serve((request, response) =>
      response.writeHead(status, { Location: `http://127.0.0.1:${active.port}${request.url}` }).end(),
    );
    const { request } = requester({ address: `http://127.0.0.1:${standby.port}` });
    expect(await request(post())).toMatchObject({ status: 200, body: POST_ECHO });
  });
}

test("a redirect that leads to another redirect is given back", async () => {
  const { port, connections } = await serve((request, response) =>
    response.writeHead(307, { Location: request.url }).end(),
  );
  const { request } = requester({ address: `http://127.0.0.1:${port}` });
  expect(await request(post())).toMatchObject({ status: 307 });
  expect(connections).toHaveLength(1);
});

test("followRedirects: false gives the redirect back", async () => {
  const { port } = await serve((request, response) =>
    response.writeHead(307, { Location: request.url }).end(),
  );
  const { request } = requester({ address: `http://127.0.0.1:${port}`, followRedirects: false });
  expect(await request(post())).toMatchObject({ status: 307 });
});

for (const { name, location } of [
  { name: "from https to http", location: (port: number) => `http://127.0.0.1:${port}/v1/transit/encrypt/a` },
  { name: "to another operation", location: (port: number) => `https://127.0.0.1:${port}/v1/sys/seal` },
  { name: "to another scheme", location: () => "ftp://127.0.0.1/v1/transit/encrypt/a" },
  { name: "to no address", location: () => "https://[" },
]) {
  test(`a redirect ${name} is not followed`, async () => {
    const plain = await serve(echo);
    const { port } = await serve(
      (_, response) => response.writeHead(307, { Location: location(plain.port) }).end(),
      SERVER_TLS,
    );
    const { request } = requester({ address: `https://127.0.0.1:${port}`, tls: { ca: CA } });
    await expect(request(post())).rejects.toMatchObject({ code: "ERR_VAULT_REDIRECTED" });
    expect(plain.connections).toEqual([]);
  });
}

test("a connection that Vault closed while idle costs no attempt", async () => {
  let requests = 0;
  const { port, connections } = await serve((request, response) => {
    requests += 1;
    // The second request finds its connection reset without an answer, as when an idle time-out crosses it.
    if (requests === 2) request.socket.resetAndDestroy();
    else echo(request, response);
  });
  const { request } = requester({ address: `http://127.0.0.1:${port}` });
  await request(post());
  expect(await request(post())).toMatchObject({ status: 200, body: POST_ECHO });
  expect(connections).toHaveLength(2);
});

test("a first connection that is reset is the caller's to repeat", async () => {
  const { port, connections } = await serve((request) => request.socket.resetAndDestroy());
  const { request } = requester({ address: `http://127.0.0.1:${port}` });
  await expect(request(post())).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(connections).toHaveLength(1);
});

test("an answer cut off in its body is no answer", async () => {
  const { port } = await serve((_, response) => {
    response.writeHead(200, { "Content-Length": 100 }).write('{"data":');
    setImmediate(() => response.destroy());
  });
  const { request } = requester({ address: `http://127.0.0.1:${port}` });
  await expect(request(post())).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("an endless answer is cut off", async () => {
  const { port } = await serve((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
    };
    response.on("drain", more);
    more();
  });
  const { request } = requester({ address: `http://127.0.0.1:${port}` });
  await expect(request(post())).rejects.toThrow("too long");
});

for (const { name, reason, want } of [
  {
    name: "whose time is over drops idle connections, which may be dead as well",
    reason: new VaultError("ERR_VAULT_TIMEOUT", "no answer"),
    want: 4,
  },
  { name: "whose caller goes away leaves idle connections to the others", reason: undefined, want: 3 },
]) {
  test(`a request ${name}`, async () => {
    const { port, connections } = await serve((request, response) => {
      if (request.url === "/v1/frozen") return;
      setImmediate(() => echo(request, response));
    });
    const { request } = requester({ address: `http://127.0.0.1:${port}` });
    await Promise.all([request(post()), request(post()), request(post())]);
    expect(connections).toHaveLength(3);
    const controller = new AbortController();
    const frozen = request({ ...post(controller.signal), path: "/v1/frozen" });
    setImmediate(() => controller.abort(reason));
    await expect(frozen).rejects.toMatchObject({ name: "AbortError" });
    await until(() => connections.some(({ destroyed }) => destroyed));
    expect(await request(post())).toMatchObject({ status: 200 });
    expect(connections).toHaveLength(want);
  });
}

test("a proxy carries https as a tunnel", async () => {
  const target = await serve(echo, SERVER_TLS);
  const asked: (string | undefined)[] = [];
  const proxy = createServer();
  proxy.on("connect", (request, socket) => {
    asked.push(request.url);
    const onward = connect(target.port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    onTestFinished(() => void onward.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void proxy.close());
  const bound = proxy.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const http = requester({
    address: `https://127.0.0.1:${target.port}`,
    tls: { ca: CA },
    proxy: { HTTPS_PROXY: `http://127.0.0.1:${port}` },
  });
  expect(await http.request(post())).toMatchObject({ status: 200, body: POST_ECHO });
  expect(asked).toEqual([`127.0.0.1:${target.port}`]);
});

for (const { name, address, want } of [
  { name: "no port", address: "http://vault.test", want: ["_http._tcp.vault.test"] },
  { name: "a port", address: "http://127.0.0.1:PORT", want: [] },
]) {
  test(`srvLookup with ${name}`, async () => {
    const { port } = await serve(echo);
    const asked: string[] = [];
    const { request } = requester({
      address: address.replace("PORT", String(port)),
      srvLookup: true,
      resolveSrv: async (record) => {
        asked.push(record);
        return [
          { name: "nobody.test", port: 1, priority: 9, weight: 1 },
          { name: "127.0.0.1", port, priority: 1, weight: 1 },
        ];
      },
    });
    expect(await request(post())).toMatchObject({ status: 200, body: POST_ECHO });
    expect(asked).toEqual(want);
  });
}

for (const address of [
  "vault.example.com",
  "vault.example.com:8200",
  "ftp://x",
  "https://u:p@x",
  "https://x?a",
  "unix://agent.sock",
]) {
  test(`the address ${address} is refused, without repeating it`, () => {
    expect(() => createHttpRequest({ address })).toThrow(
      expect.objectContaining({ code: "ERR_VAULT_ARGUMENT", message: expect.not.stringContaining("u:p") }),
    );
  });
}

function requester(options: HttpRequestOptions): HttpRequester {
  const http = createHttpRequest(options);
  onTestFinished(() => http.close());
  return http;
}

/** For what the other end sees a moment later; the test's own time limit bounds it. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
