import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { connectRaw, openCall, rawCall, sealFrame } from "./support/raw-client.ts";
import { closed, until } from "./support/sockets.ts";
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
