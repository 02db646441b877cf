import { createSecureServer, createServer, type ServerHttp2Session, type ServerOptions } from "node:http2";
import type { Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { GrpcServerError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import { secureOptions, type TlsMaterial } from "./tls.ts";

/** node:http2 without a listener of its own: sockets are handed to it. */
export interface Http2 {
  accept(socket: Socket): void;
  onSession(listener: (session: ServerHttp2Session) => void): void;
  setTls(options: SecureContextOptions): void;
}

/** Caps of HTTP/2 itself. Node's defaults end most floods; these end them earlier, and keep a session's memory small. */
function sessionOptions(limits: Limits): ServerOptions {
  return {
    settings: {
      enablePush: false,
      maxConcurrentStreams: limits.maxStreamsPerConnection,
      maxHeaderListSize: limits.maxHeaderBytes,
      initialWindowSize: 65_535,
    },
    maxSessionMemory: 1,
    maxHeaderListPairs: 64,
    maxOutstandingPings: 4,
    maxSettings: 16,
    maxSessionInvalidFrames: 50,
    maxSessionRejectedStreams: 50,
    streamResetBurst: 200,
    streamResetRate: 20,
  };
}

export function createHttp2(limits: Limits, tls: TlsMaterial | undefined): Http2 {
  const options = sessionOptions(limits);
  if (tls === undefined) {
    const server = createServer(options);
    return {
      accept: (socket) => void server.emit("connection", socket),
      onSession: (listener) => void server.on("session", listener),
      setTls() {
        throw new GrpcServerError("ERR_GRPC_SERVER_STATE", "the server was made without TLS");
      },
    };
  }
  const server = createSecureServer({
    ...options,
    ...secureOptions(tls),
    ALPNProtocols: ["h2"],
    allowHTTP1: false,
    // The connection table has this limit, on the clock it was given. This one is a net below it.
    handshakeTimeout: 2 * limits.handshakeMs,
  });
  // A peer that didn't ask for HTTP/2 gets nothing.
  server.on("unknownProtocol", (socket) => socket.destroy());
  return {
    accept: (socket) => void server.emit("connection", socket),
    onSession: (listener) => void server.on("session", listener),
    setTls: (secure) => server.setSecureContext(secure),
  };
}
