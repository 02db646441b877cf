import type { ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { StatusError } from "./status-error.ts";

const CONTENT_TYPE = "application/grpc+proto";
const GRPC_OK = { "grpc-status": "0" };
const HTTP_OK = { ":status": 200, "content-type": CONTENT_TYPE };
const PREFIX_BYTES = 5;
/** gRPC has no use for a date. `sendDate` is documented for node:http2 and missing in its types. */
const WITH_MESSAGE = { waitForTrailers: true, sendDate: false };
const WITHOUT_MESSAGE = { endStream: true, sendDate: false };

/** Metadata a handler set; undefined where it never asked for the object. */
type Metadata = Headers | undefined;

/** Answers with one message and status 0. */
export function respondMessage(
  stream: ServerHttp2Stream,
  message: Uint8Array,
  header: Metadata,
  trailer: Metadata,
): void {
  if (!writable(stream)) return;
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  stream.respond(header === undefined ? HTTP_OK : { ...outgoing(header), ...HTTP_OK }, WITH_MESSAGE);
  stream.on("wantTrailers", () => {
    if (writable(stream))
      stream.sendTrailers(trailer === undefined ? GRPC_OK : { ...outgoing(trailer), ...GRPC_OK });
  });
  stream.end(frame);
}

/** Answers with a status alone ("Trailers-Only"). What the caller still sends isn't read any more. */
export function respondStatus(stream: ServerHttp2Stream, code: number, message: string): void {
  respondHeaders(stream, {
    ...HTTP_OK,
    "grpc-status": code,
    "grpc-message": percentEncode(message),
  });
}

/** The same with the details and metadata of a ConnectError. */
export function respondError(
  stream: ServerHttp2Stream,
  error: ConnectError,
  header: Metadata,
  trailer: Metadata,
): void {
  if (header === undefined && trailer === undefined && error instanceof StatusError && error.isBare) {
    respondStatus(stream, error.code, error.rawMessage);
    return;
  }
  const status = setTrailerStatus(new Headers(trailer), error);
  status.set("grpc-message", percentEncode(error.rawMessage));
  respondHeaders(stream, {
    ...outgoing(header),
    ...outgoing(status),
    ...HTTP_OK,
  });
}

/** Answers what isn't gRPC. */
export function respondHttpStatus(stream: ServerHttp2Stream, status: number): void {
  respondHeaders(stream, { ":status": status });
}

function respondHeaders(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  if (!writable(stream)) return;
  stream.respond(headers, WITHOUT_MESSAGE);
  // The rest of a request nobody reads would stay in memory: RFC 9113 §8.1 has RST_STREAM(NO_ERROR) for that.
  if (!stream.readableEnded) {
    stream.resume();
    stream.close(constants.NGHTTP2_NO_ERROR);
  }
}

function writable(stream: ServerHttp2Stream): boolean {
  return !stream.destroyed && !stream.closed && !stream.aborted;
}

/** Pseudo headers, and those that HTTP/2 forbids or gRPC owns, are not a handler's to set. */
const RESERVED = new Set([
  "connection",
  "content-length",
  "content-type",
  "grpc-encoding",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

function outgoing(metadata: Metadata): Record<string, string> {
  const headers: Record<string, string> = {};
  metadata?.forEach((value, name) => {
    if (!RESERVED.has(name)) headers[name] = value;
  });
  return headers;
}

/** Percent-encodes a grpc-message: printable ASCII but "%" stays (gRPC over HTTP2, "Responses"). */
function percentEncode(message: string): string {
  return /^[ -$&-~]*$/.test(message) ? message : encodeURIComponent(message.toWellFormed());
}
