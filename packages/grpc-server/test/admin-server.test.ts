import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { startAdminServer, type AdminServerOptions } from "@talos-bridge/grpc-server";
import { afterEach, describe, expect, test } from "vitest";

const metrics = { contentType: "text/plain; version=0.0.4", text: async () => "up 1\n" };
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function start(options: Partial<AdminServerOptions> = {}): Promise<number> {
  const started = await startAdminServer({
    address: { host: "127.0.0.1", port: 0 },
    ready: [],
    metrics,
    ...options,
  });
  if (!started.ok) throw new Error(started.code);
  closers.push(started.close);
  return started.port;
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

function ask(port: number, path: string, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode, body: text, headers: response.headers }),
      );
    });
    sent.on("error", reject).end();
  });
}

describe("paths", () => {
  const ready = [
    { name: "ca", fault: () => undefined },
    { name: "token", fault: () => undefined },
  ];
  const verbose = "[+]ca ok\n[+]token ok\ncheck passed\n";
  for (const { path, method = "GET", status, body } of [
    { path: "/livez", status: 200, body: "ok" },
    { path: "/healthz", status: 200, body: "ok" },
    { path: "/readyz", status: 200, body: "ok" },
    { path: "/ready", status: 200, body: "ok" },
    { path: "/livez?verbose", status: 200, body: "check passed\n" },
    { path: "/readyz?verbose", status: 200, body: verbose },
    { path: "/readyz?verbose=1&x=%", status: 200, body: verbose },
    { path: "/readyz?x=verbose", status: 200, body: "ok" },
    { path: "/metrics", status: 200, body: "up 1\n" },
    { path: "/leader", status: 200, body: "{}" },
    { path: "/readyz", method: "HEAD", status: 200, body: "" },
    { path: "/", status: 404, body: "not found\n" },
    { path: "/readyz/", status: 404, body: "not found\n" },
    { path: "//readyz", status: 404, body: "not found\n" },
    { path: "/constructor", status: 404, body: "not found\n" },
    { path: "/livez", method: "POST", status: 405, body: "method not allowed\n" },
    { path: "/nothing", method: "DELETE", status: 405, body: "method not allowed\n" },
  ]) {
    test(`${method} ${path}`, async () => {
      const routes = { "/leader": () => ({ status: 200, contentType: "application/json", body: "{}" }) };
      expect(await ask(await start({ ready, routes }), path, method)).toMatchObject({ status, body });
    });
  }

  test("headers", async () => {
    const port = await start();
    expect((await ask(port, "/metrics")).headers).toMatchObject({
      "content-type": "text/plain; version=0.0.4",
      "content-length": "5",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    expect((await ask(port, "/readyz", "HEAD")).headers).toMatchObject({ "content-length": "2" });
    expect((await ask(port, "/readyz", "PUT")).headers).toMatchObject({ allow: "GET, HEAD" });
  });
});

describe("readiness", () => {
  test("follows its checks; liveness does not", async () => {
    let fault: string | undefined = "token file is empty";
    const ready = [
      { name: "ca", fault: () => undefined },
      { name: "token", fault: () => fault },
    ];
    const port = await start({ ready });
    const body = "[+]ca ok\n[-]token failed: token file is empty\ncheck failed\n";
    expect(await ask(port, "/readyz")).toMatchObject({ status: 503, body });
    for (const path of ["/livez", "/healthz"]) expect(await ask(port, path)).toMatchObject({ status: 200 });
    fault = undefined;
    expect(await ask(port, "/readyz")).toMatchObject({ status: 200, body: "ok" });
  });

  test("a check that throws has failed, and its error is not told", async () => {
    const fault = (): string => {
      throw new Error("s3cret");
    };
    const answer = await ask(await start({ ready: [{ name: "ca", fault }] }), "/readyz?verbose");
    expect(answer).toMatchObject({ status: 503, body: "[-]ca failed: internal error\ncheck failed\n" });
  });
});

test("metrics that fail answer 500 without the error, and the server goes on", async () => {
  const failing = { ...metrics, text: () => Promise.reject(new Error("s3cret")) };
  const port = await start({ metrics: failing });
  expect(await ask(port, "/metrics")).toMatchObject({ status: 500, body: "internal error\n" });
  expect(await ask(port, "/livez")).toMatchObject({ status: 200 });
});

describe("a port that cannot be had is a value", () => {
  test("taken", async () => {
    const port = await start();
    const second = await startAdminServer({ address: { host: "127.0.0.1", port }, ready: [], metrics });
    expect(second).toEqual({ ok: false, code: "EADDRINUSE" });
  });

  test("no such address here", async () => {
    const started = await startAdminServer({ address: { host: "203.0.113.1", port: 0 }, ready: [], metrics });
    expect(started).toEqual({ ok: false, code: "EADDRNOTAVAIL" });
  });
});

test("without a host it listens on all addresses", async () => {
  expect(await ask(await start({ address: { host: undefined, port: 0 } }), "/livez")).toMatchObject({
    status: 200,
  });
});

describe("callers that misbehave", () => {
  /** What comes back to bytes on a connection that the caller keeps open, until the server ends it. */
  async function answerTo(port: number, bytes: string): Promise<string> {
    const socket = await connected(port);
    let text = "";
    socket.on("data", (chunk) => (text += String(chunk))).write(bytes);
    await new Promise((resolve) => {
      socket.on("close", resolve);
    });
    return text;
  }

  for (const { name, bytes, want } of [
    {
      name: "a body",
      bytes: "GET /livez HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello",
      want: /^HTTP\/1.1 413 /,
    },
    {
      name: "a body that never ends",
      bytes: "POST /livez HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
      want: /^HTTP\/1.1 405 /,
    },
    { name: "no HTTP at all", bytes: "\u0016\u0003\u0001\u0002\0\u0001\n\n\r\n\r\n", want: /^$/ },
    { name: "HTTP/2 preface", bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", want: /^$/ },
    {
      name: "more headers than 8 KiB",
      bytes: `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${"x".repeat(9_000)}\r\n\r\n`,
      want: /^$/,
    },
  ]) {
    test(`${name}: the connection ends, the server goes on`, async () => {
      const port = await start();
      expect(await answerTo(port, bytes)).toMatch(want);
      expect(await ask(port, "/livez")).toMatchObject({ status: 200 });
    });
  }

  test("connections that are held open do not keep a probe out: the oldest goes", async () => {
    const port = await start();
    const sockets: Socket[] = [];
    for (let index = 0; index < 64; index++) {
      sockets.push(await connected(port));
    }
    const closed = new Promise((resolve) => {
      sockets[0]?.on("close", () => resolve("closed"));
    });
    expect(await ask(port, "/livez")).toMatchObject({ status: 200, body: "ok" });
    expect(await closed).toBe("closed");
    expect(sockets.slice(1).every((socket) => !socket.destroyed)).toBe(true);
    for (const socket of sockets) socket.destroy();
  });
});

function connected(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket)).on("error", () => undefined);
    socket.resume();
  });
}

test("close ends open connections", async () => {
  const started = await startAdminServer({ address: { host: "127.0.0.1", port: 0 }, ready: [], metrics });
  if (!started.ok) throw new Error(started.code);
  const socket = await connected(started.port);
  const closed = new Promise((resolve) => {
    socket.on("close", () => resolve("closed"));
  });
  await started.close();
  expect(await closed).toBe("closed");
  await expect(ask(started.port, "/livez")).rejects.toMatchObject({ code: "ECONNREFUSED" });
});
