import { Code } from "@connectrpc/connect";
import type { IncomingHttpHeaders } from "node:http2";
import type { CallFault } from "./call-fault.ts";
import { parseGrpcTimeout } from "./grpc-timeout.ts";

/** A request that isn't gRPC: answered with an HTTP status alone. */
export interface NotGrpc {
  readonly httpStatus: 405 | 415;
  readonly reason: string;
}

const METHOD_NOT_ALLOWED: NotGrpc = { httpStatus: 405, reason: "http-method" };
const UNSUPPORTED_MEDIA_TYPE: NotGrpc = { httpStatus: 415, reason: "content-type" };

/** Whether a request speaks gRPC with protobuf messages at all (gRPC over HTTP2, "Requests"). */
export function checkProtocol(headers: IncomingHttpHeaders): NotGrpc | undefined {
  if (headers[":method"] !== "POST") return METHOD_NOT_ALLOWED;
  return isGrpcProto(headers["content-type"]) ? undefined : UNSUPPORTED_MEDIA_TYPE;
}

function isGrpcProto(contentType: string | undefined): boolean {
  if (contentType === "application/grpc" || contentType === "application/grpc+proto") return true;
  return contentType !== undefined && /^application\/grpc(?:\+proto)?(?:\s*;.*)?$/i.test(contentType);
}

/** Only identity is offered: nothing this server answers or reads is worth compressing. */
export function checkEncoding(headers: IncomingHttpHeaders): CallFault | undefined {
  const encoding = headers["grpc-encoding"];
  if (encoding === undefined || encoding === "identity") return undefined;
  return { code: Code.Unimplemented, message: "grpc-encoding is not supported", reason: "encoding" };
}

/** The time a call has in milliseconds, at most `capMs`, which is also what a call without a deadline gets. */
export function readTimeout(headers: IncomingHttpHeaders, capMs: number): number | CallFault {
  const value = headers["grpc-timeout"];
  if (value === undefined) return capMs;
  const timeoutMs = typeof value === "string" ? parseGrpcTimeout(value, capMs) : undefined;
  return (
    timeoutMs ?? { code: Code.InvalidArgument, message: "malformed grpc-timeout", reason: "bad-timeout" }
  );
}

/**
 * The size of a header list as RFC 9113 §6.5.2 counts it. node:http2 refuses longer ones itself, but only once the peer
 * has acknowledged our SETTINGS.
 */
export function headerBytes(rawHeaders: readonly string[]): number {
  let bytes = 16 * rawHeaders.length;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
}
