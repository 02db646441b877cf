import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { createFakeTimers } from "./support/fake-timers.ts";
import { answerOf, connectRaw, openCall, rawCall, sealFrame, type RawAnswer } from "./support/raw-client.ts";
import { closed, openTcp, until } from "./support/sockets.ts";
import { startServer } from "./support/start-server.ts";

/** A latch: calls stand still in the handler until it opens. */
function latch(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

describe("drain", () => {
  test("under load: every call that was received is answered, new ones are told to go elsewhere", async () => {
    const gate = latch();
    const { port, server, connections } = await startServer({
      limits: { maxCalls: 20, maxStreamsPerConnection: 16 },
      interceptors: [
        (next) => async (request) => {
          await gate.opened;
          return next(request);
        },
      ],
    });
    const one = connectRaw(port);
    const sessions = [one, ...Array.from({ length: 9 }, () => connectRaw(port))];
    const answers = sessions.flatMap((session) =>
      Array.from({ length: 10 }, () => rawCall(session, sealFrame(""))),
    );
    // A request of which half has come when the drain begins.
    const half = openCall(one);
    answers.push(answerOf(half));
    half.write(sealFrame("").subarray(0, 3));
    await until(() => server.callCounts.open === 101 && server.callCounts.waiting === 80);

    const drained = server.drain({ timeoutMs: 5_000 });
    await Promise.all(sessions.map((session) => once(session, "goaway")));
    half.end(sealFrame("").subarray(3));
    await expect(openTcp(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    gate.open();

    expect(await drained).toEqual({ completed: true, abandoned: 0 });
    const codes = (await Promise.all(answers)).map(({ grpcStatus }: RawAnswer) => grpcStatus);
    expect(codes).toEqual(Array.from({ length: 101 }, () => "0"));
    expect(new Set(connections)).toEqual(new Set(["opened", "closed: drain"]));
    expect(server.connectionCount).toBe(0);
  });

  test("what isn't done in time is cut and counted", async () => {
    const timers = createFakeTimers();
    const { port, server } = await startServer({ timers });
    const session = connectRaw(port);
    const answer = rawCall(session, sealFrame("forever"));
    await until(() => server.callCounts.running === 1);
    const drained = server.drain({ timeoutMs: 3_000 });
    await once(session, "goaway");
    timers.advance(3_000);
    expect(await drained).toEqual({ completed: false, abandoned: 1 });
    expect((await answer).grpcStatus).toBeUndefined();
    await until(() => server.callCounts.running === 0);
  });

  test("a connection still in its handshake is not waited for", async () => {
    const timers = createFakeTimers();
    const { port, server, connections } = await startServer({ timers });
    const socket = await openTcp(port);
    await until(() => connections.length === 1);
    const drained = server.drain({ timeoutMs: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    timers.advance(3_000);
    expect(await drained).toEqual({ completed: true, abandoned: 0 });
    await closed(socket);
  });

  test("a connection the kernel has accepted when the drain begins is told GOAWAY, not reset", async () => {
    const { port, server } = await startServer();
    const session = connectRaw(port);
    const failed = once(session, "goaway");
    await once(session.socket, "connect").catch(() => undefined);
    const drained = server.drain({ timeoutMs: 5_000 });
    expect((await failed)[0]).toBe(0);
    expect(await drained).toEqual({ completed: true, abandoned: 0 });
  });

  test("a connection without a call yet may make its first, and is told GOAWAY after it", async () => {
    const { port, server } = await startServer({ limits: { firstCallMs: 5_000 } });
    const session = connectRaw(port);
    await once(session, "remoteSettings");
    const drained = server.drain({ timeoutMs: 5_000 });
    // Until the listener is closed, and with it the drain under way for certain.
    const connects = (): Promise<boolean> =>
      openTcp(port).then(
        (socket) => !!socket.destroy(),
        () => false,
      );
    while (await connects());
    const goodbye = once(session, "goaway");
    expect((await rawCall(session, sealFrame(""))).grpcStatus).toBe("0");
    await goodbye;
    expect(await drained).toEqual({ completed: true, abandoned: 0 });
  });

  test("nothing to do, before listening and twice", async () => {
    const { server } = await startServer();
    expect(await server.drain({ timeoutMs: 1 })).toEqual({ completed: true, abandoned: 0 });
    expect(await server.drain({ timeoutMs: 1 })).toEqual({ completed: true, abandoned: 0 });
    await expect(server.listen({ port: 0 })).rejects.toMatchObject({ code: "ERR_GRPC_SERVER_STATE" });
  });

  test("closeNow ends a drain", async () => {
    const { port, server } = await startServer();
    const session = connectRaw(port);
    void rawCall(session, sealFrame("forever"));
    await until(() => server.callCounts.running === 1);
    const drained = server.drain({ timeoutMs: 60_000 });
    await once(session, "goaway");
    server.closeNow();
    expect(await drained).toEqual({ completed: false, abandoned: 1 });
  });
});
