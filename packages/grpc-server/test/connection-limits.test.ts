import { Code } from "@connectrpc/connect";
import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { createFakeTimers, type FakeTimers } from "./support/fake-timers.ts";
import { connectRaw, openCall, rawCall, sealFrame } from "./support/raw-client.ts";
import { closed, openTcp, openTls, until } from "./support/sockets.ts";
import { startServer, type TestServer } from "./support/start-server.ts";

const CHECK = "/grpc.health.v1.Health/Check";

async function startTimed(limits = {}): Promise<TestServer & { readonly timers: FakeTimers }> {
  const timers = createFakeTimers();
  return { ...(await startServer({ timers, limits })), timers };
}

/** A connection with one authenticated call behind it. */
async function openWorker(server: TestServer): Promise<ClientHttp2Session> {
  const session = await openSession(server.port);
  await call(server, session);
  return session;
}

/** A session whose other end is there. */
async function openSession(port: number): Promise<ClientHttp2Session> {
  const session = connectRaw(port);
  await once(session, "remoteSettings");
  return session;
}

/** A call that is answered with 0, over on both sides. */
async function call({ server }: TestServer, session: ClientHttp2Session, headers = {}): Promise<void> {
  expect((await rawCall(session, sealFrame(""), headers)).grpcStatus).toBe("0");
  await until(() => server.callCounts.open === 0);
}

/** Connections that never make an authenticated call. Each answers with what closes when the server has had enough. */
const IDLERS: readonly {
  readonly name: string;
  readonly open: (port: number) => Promise<Socket | ClientHttp2Session>;
  readonly reason: string;
}[] = [
  { name: "TCP alone", open: openTcp, reason: "handshake-timeout" },
  { name: "TLS alone", open: openTls, reason: "unauthenticated-timeout" },
  {
    name: "half a preface",
    async open(port) {
      const socket = await openTls(port);
      socket.write("PRI * HTTP/2.0\r\n");
      return socket;
    },
    reason: "unauthenticated-timeout",
  },
  {
    name: "a session without calls",
    open: openSession,
    reason: "unauthenticated-timeout",
  },
  {
    name: "wrong tokens",
    async open(port) {
      const session = await openSession(port);
      expect((await rawCall(session, sealFrame(""), { token: "bad" })).grpcStatus).toBe("16");
      return session;
    },
    reason: "unauthenticated-timeout",
  },
  {
    name: "a right token and half a message",
    async open(port) {
      const session = await openSession(port);
      const stream = openCall(session);
      stream.on("error", () => undefined);
      stream.write(sealFrame("x").subarray(0, 3));
      return session;
    },
    reason: "unauthenticated-timeout",
  },
  {
    name: "unknown methods",
    async open(port) {
      const session = await openSession(port);
      await rawCall(session, sealFrame(""), { ":path": "/a/b" });
      return session;
    },
    reason: "unauthenticated-timeout",
  },
];

describe("row 29: a connection without an authenticated call goes after ten seconds", () => {
  for (const { name, open, reason } of IDLERS) {
    test(name, async () => {
      const { port, timers, connections, server } = await startTimed();
      const idler = await open(port);
      await until(() => connections.includes("opened"));
      timers.advance(9_000);
      expect(server.connectionCount).toBe(1);
      timers.advance(12_000);
      await closed(idler);
      await until(() => connections.length === 2);
      expect(connections).toEqual(["opened", `closed: ${reason}`]);
    });
  }
});

describe("the life of a connection", () => {
  test("a call that was let in, a health check, starts the ten seconds anew", async () => {
    const server = await startTimed();
    const session = await openSession(server.port);
    for (let i = 0; i < 3; i++) {
      await call(server, session, { ":path": CHECK, token: undefined });
      server.timers.advance(9_000);
    }
    server.timers.advance(2_000);
    await closed(session);
    expect(server.connections).toEqual(["opened", "closed: unauthenticated-timeout"]);
  });

  test("an authenticated one goes after five minutes without a call, with GOAWAY", async () => {
    const server = await startTimed();
    const session = await openWorker(server);
    let goaway: number | undefined;
    session.on("goaway", (code) => (goaway = code));
    server.timers.advance(299_000);
    await call(server, session);
    server.timers.advance(299_000);
    expect(server.server.connectionCount).toBe(1);
    server.timers.advance(2_000);
    await closed(session);
    expect(goaway).toBe(0);
  });

  test("PINGs are no activity", async () => {
    const { port, timers } = await startTimed();
    const session = await openSession(port);
    await new Promise<void>((resolve) => void session.ping(() => resolve()));
    timers.advance(9_000);
    await new Promise<void>((resolve) => void session.ping(() => resolve()));
    timers.advance(2_000);
    await closed(session);
  });

  test("after an hour a connection ends, but not the call in flight", async () => {
    const server = await startTimed({ maxCallMs: 10_000_000, requestMs: 10_000_000, maxWaitMs: 10_000_000 });
    const session = await openWorker(server);
    const stream = openCall(session);
    stream.on("error", () => undefined);
    stream.end(sealFrame("forever"));
    await until(() => server.server.callCounts.running === 1);
    const ended = closed(session);
    const goaway = once(session, "goaway");
    server.timers.advance(3_601_000);
    await goaway;
    server.timers.advance(60_000);
    expect(stream.destroyed).toBe(false);
    stream.close(8);
    await ended;
    expect(server.calls.map(({ code }) => code)).toEqual([0, Code.Canceled]);
  });

  test("a peer that doesn't answer GOAWAY is cut", async () => {
    const { port, timers, connections, server } = await startTimed();
    const socket = await openTls(port);
    await until(() => connections.length === 1);
    const drained = server.drain({ timeoutMs: 60_000 });
    await until(() => timers.pending > 0);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    timers.advance(4_000);
    await closed(socket);
    expect(await drained).toEqual({ completed: true, abandoned: 0 });
  });
});

describe("row 29: how many connections", () => {
  test("at the cap the oldest without an authenticated call makes room, once it has sat two seconds", async () => {
    const server = await startTimed({ maxConnections: 3 });
    const { port, timers, connections } = server;
    const worker = await openWorker(server);
    const oldest = await openTls(port);
    await until(() => connections.length === 2);
    const second = await openTls(port);
    await until(() => connections.length === 3);
    timers.advance(2_000);
    const newcomer = await openWorker(server);
    await closed(oldest);
    expect(connections).toContain("closed: made-room");
    expect([worker.destroyed, second.destroyed, newcomer.destroyed]).toEqual([false, false, false]);
  });

  test("a boot storm does not evict workers about to be served: the newcomer is dropped", async () => {
    const { port, timers, connections } = await startTimed({ maxConnections: 2 });
    const waiting = [await openTls(port), await openTls(port)];
    await until(() => connections.length === 2);
    timers.advance(1_999);
    const newcomer = await openTcp(port);
    await closed(newcomer);
    expect(connections).toEqual(["opened", "opened", "refused: max-connections"]);
    expect(waiting.map(({ destroyed }) => destroyed)).toEqual([false, false]);
  });

  test("authenticated connections never make room", async () => {
    const server = await startTimed({ maxConnections: 1 });
    const worker = await openWorker(server);
    server.timers.advance(60_000);
    await closed(await openTcp(server.port));
    expect((await rawCall(worker, sealFrame(""))).grpcStatus).toBe("0");
  });

  test("a call that has arrived and waits for its place keeps its connection", async () => {
    const server = await startTimed({ maxConnections: 1, maxCalls: 1 });
    const session = connectRaw(server.port);
    const first = openCall(session);
    first.on("error", () => undefined);
    first.end(sealFrame("forever"));
    const second = rawCall(session, sealFrame(""));
    await until(() => server.server.callCounts.waiting === 1);
    server.timers.advance(5_000);
    await closed(await openTcp(server.port));
    first.close(8);
    expect((await second).grpcStatus).toBe("0");
  });

  test("per address, where set", async () => {
    const { port, connections } = await startTimed({ maxConnectionsPerAddress: 1 });
    const first = await openTcp(port);
    await until(() => connections.length === 1);
    await closed(await openTcp(port));
    expect(connections).toEqual(["opened", "refused: max-connections-per-address"]);
    first.destroy();
    await until(() => connections.length === 3);
    await openTcp(port);
    await until(() => connections.length === 4);
    expect(connections.at(-1)).toBe("opened");
  });
});
