import { toBinary, create } from "@bufbuild/protobuf";
import { KmsRequestSchema } from "@talos-bridge/api";
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { SecureClientSessionOptions } from "node:http2";

export const SEAL = "/sidero.kms.KMSService/Seal";

/** What came back for one raw call. */
export interface RawAnswer {
  readonly httpStatus: number | undefined;
  /** grpc-status of trailers or, trailers-only, of headers. */
  readonly grpcStatus: string | undefined;
  readonly grpcMessage: string | undefined;
  /** Payload bytes, prefix and all. */
  readonly body: Buffer;
  /** HTTP/2 error code the stream ended with. */
  readonly rstCode: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
}

export function connectRaw(
  port: number,
  options: SecureClientSessionOptions & { readonly plaintext?: boolean } = {},
): ClientHttp2Session {
  const { plaintext = false, ...rest } = options;
  const session = connect(`${plaintext ? "http" : "https"}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    ...rest,
  });
  session.on("error", () => undefined);
  return session;
}

/** A length-prefixed message. */
export function frame(message: Uint8Array, flags = 0, length = message.length): Buffer {
  const out = Buffer.alloc(5 + message.length);
  out[0] = flags;
  out.writeUInt32BE(length, 1);
  out.set(message, 5);
  return out;
}

/** A Seal request, encoded and prefixed. */
export function sealFrame(nodeUuid: string, data: Uint8Array = new Uint8Array()): Buffer {
  return frame(toBinary(KmsRequestSchema, create(KmsRequestSchema, { nodeUuid, data })));
}

export const GRPC_HEADERS: OutgoingHttpHeaders = {
  ":method": "POST",
  ":path": SEAL,
  "content-type": "application/grpc",
  te: "trailers",
  token: "good",
};

/** Opens a stream; a header set to undefined is left out. */
export function openCall(session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
  const merged = Object.entries({ ...GRPC_HEADERS, ...headers }).filter(([, value]) => value !== undefined);
  return session.request(Object.fromEntries(merged), { endStream: false });
}

/** Resolves when the stream has closed, whatever way. */
export function answerOf(stream: ClientHttp2Stream): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on("response", (received) => (headers = received));
    stream.on("trailers", (received) => (trailers = received));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", () => undefined);
    stream.on("close", () => {
      const of = (name: string): string | undefined =>
        String(trailers[name] ?? headers[name] ?? "") || undefined;
      resolve({
        httpStatus: headers[":status"] === undefined ? undefined : Number(headers[":status"]),
        grpcStatus: of("grpc-status"),
        grpcMessage: of("grpc-message"),
        body: Buffer.concat(chunks),
        rstCode: stream.rstCode,
        headers,
        trailers,
      });
    });
  });
}

/** One whole call with this body. */
export function rawCall(
  session: ClientHttp2Session,
  body: Uint8Array,
  headers: OutgoingHttpHeaders = {},
): Promise<RawAnswer> {
  const stream = openCall(session, headers);
  stream.end(body);
  return answerOf(stream);
}
