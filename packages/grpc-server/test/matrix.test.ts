import { readFileSync } from "node:fs";
import type { ClientHttp2Session, OutgoingHttpHeaders } from "node:http2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectRaw, frame, rawCall, sealFrame, type RawAnswer } from "./support/raw-client.ts";
import { startServer } from "./support/start-server.ts";
import { startStockServer } from "./support/stock-server.ts";

const WATCH = "/grpc.health.v1.Health/Watch";
const CHECK = "/grpc.health.v1.Health/Check";

const ok = sealFrame("", new Uint8Array([1, 2, 3]));

/** HTTP status, grpc-status, whether there is a message. */
type Shape = readonly [number | undefined, string | undefined, boolean];

interface Row {
  readonly name: string;
  readonly body?: Uint8Array;
  readonly headers?: OutgoingHttpHeaders;
  readonly want: Shape;
  /** What connect-node's adapter answers where that is something else, and why we do not. */
  readonly stock?: { readonly want: Shape; readonly why: string };
}

const rows: readonly Row[] = [
  { name: "a good call", want: [200, "0", true] },
  { name: "an empty message", body: frame(new Uint8Array()), want: [200, "0", true] },
  {
    name: "content-type with +proto",
    headers: { "content-type": "application/grpc+proto" },
    want: [200, "0", true],
  },
  { name: "identity encoding named", headers: { "grpc-encoding": "identity" }, want: [200, "0", true] },
  { name: "a deadline", headers: { "grpc-timeout": "5S" }, want: [200, "0", true] },
  {
    name: "a deadline that has passed",
    headers: { "grpc-timeout": "0S" },
    body: sealFrame("forever"),
    want: [200, "4", false],
  },
  {
    name: "a deadline that passes in the handler",
    headers: { "grpc-timeout": "50m" },
    body: sealFrame("forever"),
    want: [200, "4", false],
  },
  { name: "a malformed deadline", headers: { "grpc-timeout": "5 s" }, want: [200, "3", false] },
  { name: "a deadline of nine digits", headers: { "grpc-timeout": "123456789m" }, want: [200, "3", false] },
  { name: "handler refuses", body: sealFrame("denied"), want: [200, "7", false] },
  { name: "handler crashes", body: sealFrame("crash"), want: [200, "13", false] },
  { name: "handler throws a string", body: sealFrame("crash-string"), want: [200, "13", false] },
  { name: "metadata", body: sealFrame("metadata"), want: [200, "0", true] },
  { name: "metadata with an error", body: sealFrame("metadata-error"), want: [200, "9", false] },
  { name: "wrong token", headers: { token: "bad" }, want: [200, "16", false] },
  { name: "no token", headers: { token: undefined }, want: [200, "16", false] },
  { name: "two tokens", headers: { token: ["good", "good"] }, want: [200, "16", false] },
  {
    name: "unknown service",
    headers: { ":path": "/no.Such/Thing" },
    want: [200, "12", false],
    stock: {
      want: [404, undefined, false],
      why: "gRPC names UNIMPLEMENTED for it; clients turn a bare 404 into that as well",
    },
  },
  {
    name: "unknown method",
    headers: { ":path": "/sidero.kms.KMSService/Nope" },
    want: [200, "12", false],
    stock: {
      want: [404, undefined, false],
      why: "gRPC names UNIMPLEMENTED for it; clients turn a bare 404 into that as well",
    },
  },
  {
    name: "a method that is not implemented",
    headers: { ":path": "/sidero.kms.KMSService/Unseal" },
    want: [200, "12", false],
  },
  {
    name: "a streaming method",
    headers: { ":path": WATCH },
    body: frame(new Uint8Array()),
    want: [200, "12", false],
  },
  { name: "health", headers: { ":path": CHECK }, body: frame(new Uint8Array()), want: [200, "0", true] },
  {
    name: "health of an unknown service",
    headers: { ":path": CHECK },
    body: frame(Buffer.from("\n\x01x")),
    want: [200, "5", false],
  },
  { name: "GET", headers: { ":method": "GET" }, want: [405, undefined, false] },
  { name: "PUT", headers: { ":method": "PUT" }, want: [405, undefined, false] },
  { name: "JSON", headers: { "content-type": "application/json" }, want: [415, undefined, false] },
  {
    name: "gRPC with JSON",
    headers: { "content-type": "application/grpc+json" },
    want: [415, undefined, false],
    stock: { want: [200, "3", false], why: "no JSON codec here" },
  },
  {
    name: "gRPC-Web",
    headers: { "content-type": "application/grpc-web+proto" },
    want: [415, undefined, false],
  },
  { name: "no content-type", headers: { "content-type": undefined }, want: [415, undefined, false] },
  { name: "unknown encoding", headers: { "grpc-encoding": "gzip" }, want: [200, "12", false] },
  { name: "the largest message", body: sealFrame("", new Uint8Array(65_536 - 4)), want: [200, "0", true] },
  {
    name: "a message one byte too large",
    body: sealFrame("", new Uint8Array(65_536 - 3)),
    want: [200, "8", false],
  },
  {
    name: "an answer that is too large",
    body: sealFrame("large", Buffer.from("65536")),
    want: [200, "8", false],
  },
  { name: "no message", body: new Uint8Array(), want: [200, "12", false] },
  { name: "two messages", body: Buffer.concat([ok, ok]), want: [200, "12", false] },
  { name: "half a prefix", body: Buffer.from([0, 0, 0]), want: [200, "3", false] },
  { name: "half a message", body: ok.subarray(0, ok.length - 1), want: [200, "3", false] },
  {
    name: "bytes after the message",
    body: Buffer.concat([ok, Buffer.from([1])]),
    want: [200, "12", false],
    stock: {
      want: [200, "3", false],
      why: "refused as soon as a byte follows, so a cut second message is a second message",
    },
  },
  { name: "compressed flag", body: frame(ok.subarray(5), 1), want: [200, "13", false] },
  {
    name: "flag 2",
    body: frame(ok.subarray(5), 2),
    want: [200, "13", false],
    stock: { want: [200, "0", true], why: "the flag is unknown to gRPC: refused, not taken as plain" },
  },
  { name: "a length of 4 GiB", body: frame(new Uint8Array(10), 0, 2 ** 32 - 1), want: [200, "8", false] },
  { name: "no protobuf", body: frame(Buffer.from([0xff, 0xff, 0xff])), want: [200, "13", false] },
  { name: "text that is no UTF-8", body: frame(Buffer.from([0x0a, 1, 0xff])), want: [200, "13", false] },
  {
    name: "an unknown field",
    body: frame(Buffer.concat([ok.subarray(5), Buffer.from([0x78, 1])])),
    want: [200, "0", true],
  },
];

let ours: ClientHttp2Session;
let stock: ClientHttp2Session;

beforeAll(async () => {
  ours = connectRaw((await startServer({ finished: afterAll })).port);
  stock = connectRaw(await startStockServer(afterAll));
});

describe("the matrix: this adapter and connect-node's answer alike, but for the listed differences", () => {
  for (const { name, body = ok, headers = {}, want, stock: different } of rows) {
    test(name, async () => {
      const [a, b] = await Promise.all([rawCall(ours, body, headers), rawCall(stock, body, headers)]);
      expect(shape(a)).toEqual(want);
      expect(shape(b)).toEqual(different?.want ?? want);
      expect(different?.want).not.toEqual(want);
    });
  }
});

test("the README lists the differences, no more and no fewer", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const section = readme.slice(readme.indexOf("## Where it differs"));
  const listed = [...section.matchAll(/^\| (?!call |---)([^|]+?) \|/gm)].map(([, name = ""]) => name.trim());
  expect(listed).toEqual(
    rows.filter(({ stock: different }) => different !== undefined).map(({ name }) => name),
  );
});

function shape({ httpStatus, grpcStatus, body }: RawAnswer): Shape {
  return [httpStatus, grpcStatus, body.length > 0];
}
