import { gzipSync } from "node:zlib";
import {
  callHeaders,
  FLAG,
  frame,
  grpcMessage,
  hpack,
  TYPE,
  uint32,
} from "../../packages/grpc-server/test/support/frames.ts";
import { crowd, floods, holdStreams } from "./flood.ts";
import { openTcp, openTls } from "./raw-connection.ts";
import type { Target } from "./target.ts";

/** Something hostile, bounded in count and time. Answers what became of it. */
export interface Attack {
  readonly name: string;
  readonly run: (target: Target) => Promise<string>;
}

const NO_BYTES = new Uint8Array();
const OPEN = FLAG.endHeaders;
const WHOLE = FLAG.endHeaders | FLAG.endStream;

const GOOD = (target: Target): Buffer => hpack(callHeaders(target.path, target.token));
const WRONG = (target: Target): Buffer => hpack(callHeaders(target.path, "wrong"));

/** The id of the n-th stream a client opens. */
const id = (n: number): number => 2 * n + 1;

/** One byte of a call that anybody may make, and no end. */
const unfinishedCheck = (n: number): Buffer =>
  Buffer.concat([
    frame(TYPE.headers, OPEN, id(n), hpack(callHeaders("/grpc.health.v1.Health/Check", ""))),
    frame(TYPE.data, 0, id(n), Buffer.of(0)),
  ]);

export const ATTACKS: readonly Attack[] = [
  { name: "100 connections of 95 streams", run: (target) => holdStreams(target, 100, 95, unfinishedCheck) },
  { name: "500 connections of 16 streams", run: (target) => holdStreams(target, 500, 16, unfinishedCheck) },
  { name: "700 TCP connections", run: (target) => crowd(target, openTcp, 700) },
  { name: "700 TLS connections", run: (target) => crowd(target, openTls, 700) },
  {
    name: "wrong tokens",
    run: (target) => floods(target, 20, 200, (n) => frame(TYPE.headers, WHOLE, id(n), WRONG(target))),
  },
  {
    name: "wrong tokens with 64 KiB bodies",
    run: (target) =>
      floods(target, 10, 200, (n) =>
        Buffer.concat([
          frame(TYPE.headers, OPEN, id(n), WRONG(target)),
          ...Array.from({ length: 4 }, () => frame(TYPE.data, 0, id(n), new Uint8Array(16_384))),
        ]),
      ),
  },
  {
    name: "rapid reset",
    run: (target) =>
      floods(target, 4, 20_000, (n) =>
        Buffer.concat([
          frame(TYPE.headers, OPEN, id(n), GOOD(target)),
          frame(TYPE.rstStream, 0, id(n), uint32(8)),
        ]),
      ),
  },
  {
    name: "whole calls, cancelled at once",
    run: (target) =>
      floods(target, 4, 20_000, (n) =>
        Buffer.concat([
          frame(TYPE.headers, OPEN, id(n), GOOD(target)),
          frame(TYPE.data, FLAG.endStream, id(n), target.request),
          frame(TYPE.rstStream, 0, id(n), uint32(8)),
        ]),
      ),
  },
  {
    name: "resets provoked on the server",
    run: (target) =>
      floods(target, 4, 20_000, (n) =>
        Buffer.concat([
          frame(TYPE.headers, OPEN, id(n), GOOD(target)),
          frame(TYPE.windowUpdate, 0, id(n), uint32(0)),
        ]),
      ),
  },
  {
    name: "empty DATA",
    run: (target) =>
      floods(target, 2, 50_000, (n) =>
        n === 0 ? frame(TYPE.headers, OPEN, 1, GOOD(target)) : frame(TYPE.data, 0, 1),
      ),
  },
  { name: "SETTINGS", run: (target) => floods(target, 2, 50_000, () => frame(TYPE.settings, 0, 0)) },
  {
    name: "PING",
    run: (target) => floods(target, 2, 50_000, () => frame(TYPE.ping, 0, 0, new Uint8Array(8))),
  },
  {
    name: "PRIORITY",
    run: (target) =>
      floods(target, 2, 50_000, (n) => frame(TYPE.priority, 0, id(n), new Uint8Array([0, 0, 0, 0, 1]))),
  },
  {
    name: "WINDOW_UPDATE",
    run: (target) => floods(target, 2, 50_000, () => frame(TYPE.windowUpdate, 0, 0, uint32(1))),
  },
  {
    name: "CONTINUATION",
    run: (target) =>
      floods(target, 2, 20_000, (n) =>
        n === 0
          ? frame(TYPE.headers, 0, 1, GOOD(target))
          : frame(TYPE.continuation, 0, 1, hpack([["x-filler", "x".repeat(1000)]])),
      ),
  },
  {
    name: "HPACK bomb",
    // One long header enters the table, then each byte of the block names it again.
    run: (target) =>
      floods(target, 4, 200, (n) => {
        const entry = hpack([["x-bomb", "x".repeat(3900)]], true);
        return frame(
          TYPE.headers,
          WHOLE,
          id(n),
          Buffer.concat([GOOD(target), entry, Buffer.alloc(8_000, 0xbe)]),
        );
      }),
  },
  {
    name: "header lists of 16 KiB and more",
    run: (target) =>
      floods(target, 4, 200, (n) =>
        frame(
          TYPE.headers,
          WHOLE,
          id(n),
          Buffer.concat([GOOD(target), hpack([["x-large", "x".repeat(16_000)]])]),
        ),
      ),
  },
  {
    name: "gzip bomb",
    run(target) {
      const bomb = grpcMessage(gzipSync(Buffer.alloc(8 * 1024 * 1024)), 1);
      const headers = hpack([...callHeaders(target.path, target.token), ["grpc-encoding", "gzip"]]);
      return floods(target, 4, 200, (n) =>
        Buffer.concat([
          frame(TYPE.headers, OPEN, id(n), headers),
          frame(TYPE.data, FLAG.endStream, id(n), bomb),
        ]),
      );
    },
  },
  {
    name: "length of 4 GiB",
    run: (target) =>
      floods(target, 4, 500, (n) =>
        Buffer.concat([
          frame(TYPE.headers, OPEN, id(n), GOOD(target)),
          frame(TYPE.data, 0, id(n), grpcMessage(NO_BYTES, 0, 2 ** 32 - 1)),
        ]),
      ),
  },
  {
    name: "half messages of 60 KiB",
    run: (target) =>
      floods(target, 10, 100, (n) =>
        Buffer.concat([
          frame(TYPE.headers, OPEN, id(n), GOOD(target)),
          frame(TYPE.data, 0, id(n), grpcMessage(new Uint8Array(15_000), 0, 60_000)),
          ...Array.from({ length: 2 }, () => frame(TYPE.data, 0, id(n), new Uint8Array(15_000))),
        ]),
      ),
  },
  {
    name: "one-byte DATA frames",
    run: (target) =>
      floods(target, 4, 50_000, (n) =>
        n % 1000 === 0
          ? Buffer.concat([
              frame(TYPE.headers, OPEN, id(n / 1000), GOOD(target)),
              frame(TYPE.data, 0, id(n / 1000), grpcMessage(NO_BYTES, 0, 60_000)),
            ])
          : frame(TYPE.data, 0, id(Math.floor(n / 1000)), new Uint8Array(1)),
      ),
  },
  {
    name: "answers nobody takes",
    // SETTINGS_INITIAL_WINDOW_SIZE 0: the server may send headers, but no byte of an answer.
    run: (target) =>
      floods(
        target,
        5,
        100,
        (n) =>
          Buffer.concat([
            frame(TYPE.headers, OPEN, id(n), GOOD(target)),
            frame(TYPE.data, FLAG.endStream, id(n), target.request),
          ]),
        new Uint8Array([0, 4, 0, 0, 0, 0]),
      ),
  },
];
