import { setTimeout as delay } from "node:timers/promises";
import {
  callHeaders,
  FLAG,
  frame,
  hpack,
  PREFACE,
  TYPE,
} from "../../packages/grpc-server/test/support/frames.ts";
import { openHttp2, openTcp, openTls, type RawConnection } from "./raw-connection.ts";
import type { Target } from "./target.ts";

/** Ways to sit in a connection without ever making a call that is let in. */
export const IDLERS: readonly {
  readonly name: string;
  readonly open: (target: Target) => Promise<RawConnection>;
}[] = [
  { name: "TCP alone", open: openTcp },
  {
    name: "half a ClientHello",
    open: (target) => start(openTcp(target), Buffer.from("16030102000100", "hex")),
  },
  {
    name: "HTTP/1.1 without TLS",
    open: (target) => start(openTcp(target), Buffer.from("GET / HTTP/1.1\r\n")),
  },
  { name: "TLS alone", open: openTls },
  { name: "half a preface", open: (target) => start(openTls(target), PREFACE.subarray(0, 12)) },
  { name: "preface and SETTINGS", open: (target) => openHttp2(target) },
  {
    name: "PINGs",
    open: async (target) =>
      repeat(await openHttp2(target), 200, () => frame(TYPE.ping, 0, 0, new Uint8Array(8))),
  },
  {
    name: "wrong tokens",
    open: async (target) =>
      repeat(await openHttp2(target), 300, (id) =>
        frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, id, hpack(callHeaders(target.path, "wrong"))),
      ),
  },
  {
    name: "half a message, right token",
    async open(target) {
      const headers = frame(TYPE.headers, FLAG.endHeaders, 1, hpack(callHeaders(target.path, target.token)));
      return start(
        openHttp2(target),
        Buffer.concat([headers, frame(TYPE.data, 0, 1, target.request.subarray(0, 20))]),
      );
    },
  },
  {
    name: "half a header block",
    async open(target) {
      const block = hpack(callHeaders(target.path, target.token));
      return start(openHttp2(target), frame(TYPE.headers, 0, 1, block.subarray(0, 30)));
    },
  },
];

async function start(opening: Promise<RawConnection>, bytes: Uint8Array): Promise<RawConnection> {
  const connection = await opening;
  await connection.send(bytes);
  return connection;
}

/** Sends something again and again, with a new stream id each time, until the connection ends. */
function repeat(
  connection: RawConnection,
  everyMs: number,
  bytes: (id: number) => Uint8Array,
): RawConnection {
  void (async () => {
    for (let id = 1; !connection.ended; id += 2) {
      await connection.send(bytes(id));
      await delay(everyMs, undefined, { ref: false });
    }
  })();
  return connection;
}

export interface IdlerResult {
  readonly name: string;
  /** Milliseconds until the last of them was closed; undefined if one was still open at the end. */
  readonly closedAfterMs: number | undefined;
}

/** Opens a few of each kind and waits, at most `limitMs`, until the server has closed them. */
export async function watchIdlers(
  target: Target,
  each: number,
  limitMs: number,
): Promise<readonly IdlerResult[]> {
  return Promise.all(
    IDLERS.map(async ({ name, open }) => {
      const connections = await Promise.all(Array.from({ length: each }, () => open(target)));
      const openedAt = performance.now();
      const all = Promise.all(connections.map(({ closed }) => closed)).then(
        () => performance.now() - openedAt,
      );
      const closedAfterMs = await Promise.race([all, delay(limitMs, undefined, { ref: false })]);
      for (const connection of connections) connection.destroy();
      return { name, closedAfterMs };
    }),
  );
}
