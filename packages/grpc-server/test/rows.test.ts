// The rows of the threat table that live in this package, each named after its row.
import { createClient } from "@connectrpc/connect";
import { compressionGzip, createGrpcTransport } from "@connectrpc/connect-node";
import { KMSService } from "@talos-bridge/api";
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { describe, expect, test } from "vitest";
import { createFakeTimers } from "./support/fake-timers.ts";
import { callHeaders, FLAG, frame as h2Frame, hpack, PREFACE, TYPE, uint32 } from "./support/frames.ts";
import { answerOf, connectRaw, frame, openCall, rawCall, SEAL, sealFrame } from "./support/raw-client.ts";
import { closed, openTls, until } from "./support/sockets.ts";
import { startServer } from "./support/start-server.ts";

const good = sealFrame("", new Uint8Array([1]));

describe("row 20, row 21: exactly one token reaches a handler", () => {
  const rows = [
    { name: "row 20: an empty token", token: "" },
    { name: "row 21: two tokens, one of them good", token: ["good", "bad"] },
    { name: "row 21: the good token twice", token: ["good", "good"] },
    { name: "row 21: a joined list", token: "good, bad" },
  ];
  for (const { name, token } of rows) {
    test(name, async () => {
      const { port, calls } = await startServer();
      const session = connectRaw(port);
      expect((await rawCall(session, good, { token })).grpcStatus).toBe("16");
      expect(calls).toMatchObject([{ code: 16, reason: "token" }]);
      session.destroy();
    });
  }
});

test("row 23: connections and calls are capped in all", async () => {
  const { port, server } = await startServer({ limits: { maxCalls: 1, maxWaitingCalls: 1 } });
  const session = connectRaw(port);
  const running = openCall(session);
  running.on("error", () => undefined);
  running.end(sealFrame("forever"));
  await until(() => server.callCounts.running === 1);
  const waiting = rawCall(session, good);
  await until(() => server.callCounts.waiting === 1);
  expect(await rawCall(session, good)).toMatchObject({ grpcStatus: "8", grpcMessage: "too many calls" });
  running.close(8);
  expect((await waiting).grpcStatus).toBe("0");
  session.destroy();
});

describe("row 24: what is not served is Unimplemented, whatever the token, and never reaches the gate", () => {
  const paths = [
    "/",
    "/sidero.kms.KMSService/",
    "/sidero.kms.KMSService/seal",
    "//sidero.kms.KMSService/Seal",
    "/sidero.kms.KMSService/Seal?x",
    "/grpc.health.v1.Health/Watch",
    "/sidero.kms.KMSService/Seal/",
  ];
  for (const path of paths) {
    test(`row 24: ${path}`, async () => {
      let asked = 0;
      const { port } = await startServer({
        gate: () => (asked++, { allow: true, countsAsAuthenticated: true }),
      });
      const session = connectRaw(port);
      expect((await rawCall(session, good, { ":path": path })).grpcStatus).toBe("12");
      expect(asked).toBe(0);
      session.destroy();
    });
  }
});

describe("row 25: bad compression is a clean error, and the next call is answered", () => {
  const gzip = { "grpc-encoding": "gzip" };
  const rows = [
    {
      name: "row 25: no gzip behind the flag",
      body: frame(Buffer.from("not gzip"), 1),
      headers: gzip,
      want: "12",
    },
    {
      name: "row 25: the flag without an encoding",
      body: frame(Buffer.from([0x1f, 0x8b, 8]), 1),
      headers: {},
      want: "13",
    },
    {
      name: "row 25: an encoding nobody knows",
      body: good,
      headers: { "grpc-encoding": "\u00ff" },
      want: "12",
    },
  ];
  for (const { name, body, headers, want } of rows) {
    test(name, async () => {
      const { port } = await startServer();
      const session = connectRaw(port);
      expect((await rawCall(session, body, headers)).grpcStatus).toBe(want);
      expect((await rawCall(session, good)).grpcStatus).toBe("0");
      session.destroy();
    });
  }

  test("row 25: a client that compresses is told Unimplemented", async () => {
    const { port } = await startServer();
    const transport = createGrpcTransport({
      baseUrl: `https://127.0.0.1:${port}`,
      nodeOptions: { rejectUnauthorized: false },
      sendCompression: compressionGzip,
      compressMinBytes: 0,
    });
    const call = createClient(KMSService, transport).seal(
      { data: new Uint8Array(100) },
      { headers: { token: "good" } },
    );
    await expect(call).rejects.toMatchObject({ code: 12 });
  });
});

describe("row 26: a length is refused on its prefix", () => {
  for (const length of [65_537, 2 ** 31, 2 ** 32 - 1]) {
    test(`row 26: ${length} bytes announced, none sent`, async () => {
      const { port } = await startServer();
      const session = connectRaw(port);
      const stream = openCall(session);
      stream.write(frame(new Uint8Array(), 0, length));
      expect((await answerOf(stream)).grpcStatus).toBe("8");
      session.destroy();
    });
  }

  test("row 26: unfinished messages of all calls together are bounded", async () => {
    const { port, server } = await startServer({ limits: { maxBufferedBytes: 100_000 } });
    const session = connectRaw(port);
    const streams = Array.from({ length: 3 }, () => openCall(session));
    const answers = streams.map(answerOf);
    for (const stream of streams) stream.write(sealFrame("", new Uint8Array(60_000)).subarray(0, 50_000));
    const first = await Promise.race(answers);
    expect(first.grpcStatus).toBe("8");
    for (const stream of streams) stream.close(8);
    await until(() => server.callCounts.open === 0);
    expect((await rawCall(session, sealFrame("", new Uint8Array(60_000)))).grpcStatus).toBe("0");
    session.destroy();
  });
});

test("row 26: halves of requests crowd each other out, not a whole one", async () => {
  const { port, server, calls } = await startServer({
    limits: { maxBufferedBytes: 100_000, maxCalls: 2, maxWaitingCalls: 2, maxStreamsPerConnection: 16 },
  });
  const session = connectRaw(port);
  const halves = Array.from({ length: 4 }, () => openCall(session));
  const answers = halves.map(answerOf);
  for (const stream of halves) stream.write(sealFrame("", new Uint8Array(30_000)).subarray(0, 12_000));
  await until(() => server.callCounts.open === 4);
  expect((await rawCall(session, sealFrame("", new Uint8Array(60_000)))).grpcStatus).toBe("0");
  expect((await answers[0])?.grpcStatus).toBe("8");
  expect(calls.at(-1)?.code).toBe(0);
  expect(new Set(calls.slice(0, -1).map(({ reason }) => reason))).toEqual(new Set(["max-calls"]));
  session.destroy();
});

describe("row 27: one-byte DATA frames", () => {
  test("row 27: a message in a few is read", async () => {
    const { port } = await startServer();
    const session = connectRaw(port);
    const stream = openCall(session);
    const answer = answerOf(stream);
    const bytes = sealFrame("", new Uint8Array(40));
    for (const byte of bytes) {
      stream.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    stream.end();
    const { grpcStatus, body } = await answer;
    expect([grpcStatus, body.length]).toEqual(["0", 5 + 42]);
    session.destroy();
  });

  test("row 27: in more than the limit it is refused", async () => {
    const { port } = await startServer({ limits: { maxFramesPerCall: 10 } });
    const session = connectRaw(port);
    const stream = openCall(session);
    const answer = answerOf(stream);
    for (const byte of sealFrame("", new Uint8Array(40)).subarray(0, 20)) {
      if (!stream.destroyed && !stream.closed) stream.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await answer).grpcStatus).toBe("8");
    session.destroy();
  });
});

describe("row 28: resets", () => {
  test("row 28: rapid resets end the session, not the process", async () => {
    const { port } = await startServer();
    const socket = await openTls(port);
    const headers = hpack(callHeaders(SEAL, "good"));
    socket.write(Buffer.concat([PREFACE, h2Frame(TYPE.settings, 0, 0)]));
    for (let id = 1; id < 2000; id += 2) {
      socket.write(h2Frame(TYPE.headers, FLAG.endHeaders, id, headers));
      socket.write(h2Frame(TYPE.rstStream, 0, id, uint32(8)));
    }
    await closed(socket);
    const next = connectRaw(port);
    expect((await rawCall(next, good)).grpcStatus).toBe("0");
    next.destroy();
  });

  test("row 28: streams that end in error before they are looked at don't end the process", async () => {
    const { port } = await startServer();
    const socket = await openTls(port);
    const headers = hpack(callHeaders(SEAL, "good"));
    const bytes = [PREFACE, h2Frame(TYPE.settings, 0, 0)];
    // More streams than are allowed, and frames that are errors, in one write.
    for (let id = 1; id < 400; id += 2) {
      bytes.push(h2Frame(TYPE.headers, FLAG.endHeaders, id, headers));
      if (id % 4 === 1) bytes.push(h2Frame(TYPE.windowUpdate, 0, id, uint32(0)));
    }
    socket.write(Buffer.concat(bytes));
    await closed(socket);
    const next = connectRaw(port);
    expect((await rawCall(next, good)).grpcStatus).toBe("0");
    next.destroy();
  });

  test("row 28: a header list of more than 16 KiB is refused", async () => {
    const { port } = await startServer();
    const session = connectRaw(port);
    // At once, before our SETTINGS are acknowledged: until then node:http2 doesn't apply them.
    const early = await rawCall(session, good, { "x-large": "x".repeat(20_000) });
    expect(early).toMatchObject({ grpcStatus: "8", grpcMessage: "header list is too large" });
    const late = await rawCall(session, good, { "x-large": "x".repeat(20_000) });
    expect(late.grpcStatus).toBeUndefined();
    const next = connectRaw(port);
    expect((await rawCall(next, good, { "x-large": "x".repeat(15_000) })).grpcStatus).toBe("0");
    next.destroy();
    session.destroy();
  });

  test("row 28: at most 4 streams in one connection are announced", async () => {
    const { port } = await startServer();
    const session = connectRaw(port);
    await once(session, "remoteSettings");
    expect(session.remoteSettings).toMatchObject({ maxConcurrentStreams: 4, maxHeaderListSize: 16_384 });
    session.destroy();
  });
});

describe("row 29: what takes too long", () => {
  test("row 29: a request that doesn't arrive within ten seconds", async () => {
    const timers = createFakeTimers();
    const { port, server, calls } = await startServer({ timers });
    const session = connectRaw(port);
    expect((await rawCall(session, good)).grpcStatus).toBe("0");
    const stream = openCall(session);
    const answer = answerOf(stream);
    stream.write(good.subarray(0, 7));
    await until(() => server.callCounts.open === 1);
    timers.advance(10_001);
    expect(await answer).toMatchObject({
      grpcStatus: "4",
      grpcMessage: "the request took too long to arrive",
    });
    expect(calls.at(-1)).toMatchObject({ code: 4, reason: "slow-request" });
    session.destroy();
  });

  test("row 29: a call that waits ten seconds for its place", async () => {
    const timers = createFakeTimers();
    const { port, server } = await startServer({ timers, limits: { maxCalls: 1 } });
    const session = connectRaw(port);
    const running = openCall(session);
    running.on("error", () => undefined);
    running.end(sealFrame("forever"));
    await until(() => server.callCounts.running === 1);
    const waiting = rawCall(session, good);
    await until(() => server.callCounts.waiting === 1);
    timers.advance(10_001);
    expect(await waiting).toMatchObject({ grpcStatus: "8", grpcMessage: "too many calls" });
    session.destroy();
  });

  test("row 29: an answer that the caller doesn't take", async () => {
    const timers = createFakeTimers();
    const { port, server } = await startServer({ timers });
    const session = connectRaw(port, { settings: { initialWindowSize: 0 } });
    const stream = openCall(session);
    const answer = answerOf(stream);
    stream.end(good);
    await once(stream, "response");
    timers.advance(10_001);
    await until(() => server.callCounts.open === 0);
    expect((await answer).rstCode).toBe(8);
    session.destroy();
  });
});

describe("row 30: framing and deadlines", () => {
  test("row 30: the deadline reaches the handler, cut to the server's own", async () => {
    const seen: (number | undefined)[] = [];
    const timers = createFakeTimers();
    const { port } = await startServer({
      timers,
      interceptors: [
        (next) => async (request) => {
          seen.push(request.header.get("grpc-timeout") === null ? undefined : 1);
          return next(request);
        },
      ],
    });
    const session = connectRaw(port);
    const ask = async (timeout?: string): Promise<string> =>
      (await rawCall(session, sealFrame("time-left"), { "grpc-timeout": timeout })).body
        .subarray(7)
        .toString();
    expect(await ask("5S")).toBe("5000");
    expect(await ask("250m")).toBe("250");
    expect(await ask("1500000u")).toBe("1500");
    expect(await ask("99999999H")).toBe("60000");
    expect(await ask()).toBe("60000");
    expect(seen).toEqual([1, 1, 1, 1, undefined]);
    session.destroy();
  });

  test("row 30: a cancelled call that waits is never worked on", async () => {
    const worked: string[] = [];
    const { port, server, calls } = await startServer({
      limits: { maxCalls: 1 },
      interceptors: [
        (next) => (request) => {
          worked.push(JSON.stringify(request.message).includes("never") ? "never" : "other");
          return next(request);
        },
      ],
    });
    const session = connectRaw(port);
    const running = openCall(session);
    running.on("error", () => undefined);
    running.end(sealFrame("forever"));
    await until(() => server.callCounts.running === 1);
    const waiting = openCall(session);
    waiting.on("error", () => undefined);
    waiting.end(sealFrame("never"));
    await until(() => server.callCounts.waiting === 1);
    waiting.close(8);
    await until(() => server.callCounts.waiting === 0);
    running.close(8);
    await until(() => server.callCounts.running === 0);
    expect(worked).toEqual(["other"]);
    expect(calls.map(({ code, reason }) => [code, reason])).toEqual([
      [1, "cancelled"],
      [1, "cancelled"],
    ]);
    session.destroy();
  });

  test("row 30: a cancel aborts the handler's signal", async () => {
    const { port, server } = await startServer();
    const session = connectRaw(port);
    const stream = openCall(session);
    stream.on("error", () => undefined);
    stream.end(sealFrame("forever"));
    await until(() => server.callCounts.running === 1);
    stream.close(8);
    await until(() => server.callCounts.running === 0);
    session.destroy();
  });
});

describe("row 31: what a handler, an interceptor or the gate throws stays inside", () => {
  test("row 31: the caller gets one fixed text, the events the error", async () => {
    const { port, internalErrors, calls } = await startServer();
    const session = connectRaw(port);
    for (const act of ["crash", "crash-string"]) {
      const { grpcStatus, grpcMessage } = await rawCall(session, sealFrame(act));
      expect([grpcStatus, grpcMessage]).toEqual(["13", "internal error"]);
    }
    expect(internalErrors).toEqual([new TypeError("secret detail"), "secret detail"]);
    expect(calls.map(({ reason }) => reason)).toEqual(["internal-error", "internal-error"]);
    session.destroy();
  });

  test("row 31: a gate that throws lets nobody in", async () => {
    const { port, internalErrors } = await startServer({
      gate: () => {
        throw new Error("secret detail");
      },
    });
    const session = connectRaw(port);
    expect(await rawCall(session, good)).toMatchObject({ grpcStatus: "13", grpcMessage: "internal error" });
    expect(internalErrors).toHaveLength(1);
    session.destroy();
  });
});

describe("row 32: TLS", () => {
  for (const version of ["TLSv1", "TLSv1.1"] as const) {
    test(`row 32: ${version} is refused`, async () => {
      const { port } = await startServer();
      const socket = connectTls({
        port,
        host: "127.0.0.1",
        rejectUnauthorized: false,
        minVersion: version,
        maxVersion: version,
        ciphers: "DEFAULT@SECLEVEL=0",
        ALPNProtocols: ["h2"],
      });
      const [error]: NodeJS.ErrnoException[] = await once(socket, "error");
      expect(error?.code).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
    });
  }

  test("row 32: TLS 1.2 and 1.3 are served", async () => {
    const { port } = await startServer();
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const session = connectRaw(port, { minVersion: version, maxVersion: version });
      expect((await rawCall(session, good)).grpcStatus).toBe("0");
      session.destroy();
    }
  });

  test("row 32: plaintext to a TLS port gets no answer", async () => {
    const { port } = await startServer();
    const session = connectRaw(port, { plaintext: true });
    await new Promise<void>((resolve) => void session.on("close", () => resolve()));
    expect(session.remoteSettings.maxConcurrentStreams).not.toBe(4);
  });

  test("row 32: TLS without HTTP/2 in its ALPN is closed", async () => {
    const { port, connections } = await startServer();
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.on("error", () => undefined);
    socket.resume();
    await once(socket, "close");
    await until(() => connections.length === 2);
  });
});
