import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import type { ClientHttp2Session } from "node:http2";
import { createFakeTimers } from "./support/fake-timers.ts";
import { connectRaw, openCall, rawCall, sealFrame } from "./support/raw-client.ts";
import { closed, openTcp, until } from "./support/sockets.ts";
import { startServer } from "./support/start-server.ts";

/** A TCP connection from one of the loopback addresses. */
async function connectFrom(localAddress: string, port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

test("row 29: an address that fills the table makes room for another one, and not for itself", async () => {
  const { port, server, connections } = await startServer({ limits: { maxConnections: 4 } });
  const crowd = [];
  for (let i = 0; i < 4; i++) crowd.push(await connectFrom("127.0.0.2", port));
  await until(() => server.connectionCount === 4);

  const more = await connectFrom("127.0.0.2", port);
  await closed(more);
  expect(crowd.filter(({ destroyed }) => destroyed)).toHaveLength(0);

  const other = connectRaw(port);
  expect((await rawCall(other, sealFrame(""))).grpcStatus).toBe("0");
  const [oldest, ...rest] = crowd;
  await until(() => oldest?.destroyed === true);
  expect(rest.filter(({ destroyed }) => destroyed)).toHaveLength(0);
  expect(connections).toContain("closed: made-room");
  other.destroy();
});

test("row 29: more open streams than allowed cost the connection that has most of them", async () => {
  const { port, server } = await startServer({ limits: { maxStreams: 6, maxStreamsPerConnection: 8 } });
  const good = connectRaw(port);
  expect((await rawCall(good, sealFrame(""))).grpcStatus).toBe("0");
  const half = openCall(good);
  half.write(Buffer.of(0));
  const few = connectRaw(port);
  openCall(few)
    .on("error", () => undefined)
    .write(Buffer.of(0));
  await until(() => server.callCounts.open === 2);
  const many = connectRaw(port);
  many.on("error", () => undefined);
  for (let i = 0; i < 8; i++)
    openCall(many)
      .on("error", () => undefined)
      .write(Buffer.of(0));
  await closed(many);
  expect([good.destroyed, few.destroyed]).toEqual([false, false]);
  expect((await rawCall(good, sealFrame(""))).grpcStatus).toBe("0");
  good.destroy();
  few.destroy();
});

/** A session from a loopback address with one answered call behind it. */
async function callFrom(localAddress: string, port: number): Promise<ClientHttp2Session> {
  const socket = await connectFrom(localAddress, port);
  const session = connectRaw(port, { plaintext: true, createConnection: () => socket });
  expect((await rawCall(session, sealFrame(""))).grpcStatus).toBe("0");
  return session;
}

test("row 29: where callers are anonymous, a call behind it does not save a connection that is quiet", async () => {
  const timers = createFakeTimers();
  const limits = { maxConnections: 3 };
  const started = await startServer({ plaintext: true, anonymousCallers: true, timers, limits });
  const { port, server, connections } = started;
  const working = await callFrom("127.0.0.1", port);
  openCall(working).end(sealFrame("forever"));
  await until(() => server.callCounts.running === 1);
  const half = await callFrom("127.0.0.1", port);
  openCall(half).write(Buffer.of(0));
  const quiet = await callFrom("127.0.0.1", port);
  await until(() => server.callCounts.open === 2);

  timers.advance(1_999);
  await closed(await openTcp(port));
  expect(connections).not.toContain("closed: made-room");
  timers.advance(1);
  const first = await callFrom("127.0.0.1", port);
  await closed(half);
  const second = await callFrom("127.0.0.1", port);
  await closed(quiet);
  expect([working, first, second].map(({ destroyed }) => destroyed)).toEqual([false, false, false]);
  await closed(await openTcp(port));
  expect(server.connectionCount).toBe(3);
});

test("row 29: where callers are anonymous, an address that fills the table with calls makes room at once", async () => {
  const limits = { maxConnections: 3 };
  const { port, server } = await startServer({ plaintext: true, anonymousCallers: true, limits });
  const crowd: ClientHttp2Session[] = [];
  for (let i = 0; i < 3; i++) crowd.push(await callFrom("127.0.0.2", port));
  await closed(await connectFrom("127.0.0.2", port));
  await callFrom("127.0.0.1", port);
  await until(() => crowd[0]?.destroyed === true);
  expect(crowd.slice(1).map(({ destroyed }) => destroyed)).toEqual([false, false]);
  expect(server.connectionCount).toBe(3);
});

test("row 29: where callers are anonymous, most streams cost a connection, whether it made a call or not", async () => {
  const limits = { maxStreams: 4, maxStreamsPerConnection: 4 };
  const { port, server } = await startServer({ plaintext: true, anonymousCallers: true, limits });
  const many = await callFrom("127.0.0.2", port);
  for (let i = 0; i < 4; i++) openCall(many).write(Buffer.of(0));
  await until(() => server.callCounts.open === 4);
  await callFrom("127.0.0.1", port);
  await until(() => many.destroyed);
});
