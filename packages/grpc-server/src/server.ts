import type { Interceptor, ServiceImplSpec } from "@connectrpc/connect";
import { setImmediate } from "node:timers/promises";
import { createServer as createListener } from "node:net";
import { createCallSlots } from "./call-slots.ts";
import { Call, type CallHost } from "./call.ts";
import { createConnectionTable } from "./connection-table.ts";
import { GrpcServerError } from "./errors.ts";
import type { ServerEvents } from "./events.ts";
import type { HeaderGate } from "./gate.ts";
import { createHttp2 } from "./http2-server.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { createMethodTable } from "./method-table.ts";
import { systemTimers, type Timers } from "./timers.ts";
import { secureOptions, type TlsMaterial } from "./tls.ts";

export interface GrpcServerOptions {
  /** What {@link bindService} and {@link createHealth} make. */
  readonly services: readonly ServiceImplSpec[];
  readonly gate: HeaderGate;
  /**
   * Callers have no credentials. A call still keeps its connection open for longer, but does not save it from making room for
   * others: else whoever fills the table with one call a connection keeps everybody out. False if not given.
   */
  readonly anonymousCallers?: boolean;
  /** Outermost first. */
  readonly interceptors?: readonly Interceptor[];
  readonly limits?: Partial<Limits>;
  /** Absent: plaintext HTTP/2 with prior knowledge. */
  readonly tls?: TlsMaterial;
  readonly events?: ServerEvents;
  readonly timers?: Timers;
}

export interface GrpcServer {
  /** Starts to accept. Port 0 takes a free one; no host is all addresses. */
  listen(at: {
    readonly port: number;
    readonly host?: string;
  }): Promise<{ readonly port: number; readonly address: string }>;
  /** Takes effect with the next handshake; connections that are open stay. Throws, and changes nothing, if cert and key don't fit. */
  setTls(material: TlsMaterial): void;
  /**
   * Stops accepting, tells every peer with GOAWAY, lets all calls end that have been received, closes. After `timeoutMs`
   * the rest is cut: `abandoned` is the number of calls that were still open then.
   */
  drain(options: {
    readonly timeoutMs: number;
  }): Promise<{ readonly completed: boolean; readonly abandoned: number }>;
  /** Cuts everything now. A running `drain` resolves. */
  closeNow(): void;
  readonly connectionCount: number;
  /** Calls whose stream is open; of these, calls that wait for a place. Calls worked on, which may outlive their stream. */
  readonly callCounts: { readonly open: number; readonly waiting: number; readonly running: number };
}

const MAX_ACCEPT_TURNS = 500;

/** A server for unary gRPC calls over HTTP/2. Streaming methods are answered Unimplemented. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const timers = options.timers ?? systemTimers;
  const events = options.events ?? {};
  const slots = createCallSlots(limits);
  const host: CallHost = {
    methods: createMethodTable(options.services, options.interceptors ?? []),
    gate: options.gate,
    limits,
    timers,
    slots,
    events,
    open: 0,
    buffered: 0,
    reading: new Set(),
  };
  const connections = createConnectionTable({
    limits,
    timers,
    events,
    anonymous: options.anonymousCallers ?? false,
  });
  const http2 = createHttp2(limits, options.tls);

  http2.onSession((session) => {
    const connection = session.socket === undefined ? undefined : connections.find(session.socket);
    if (connection === undefined) {
      session.destroy();
      return;
    }
    connection.attach(session);
    // The session's own event: `stream.session` is undefined once a storm of resets has ended the session.
    session.on("stream", (stream, headers, _flags, rawHeaders) => {
      // Also one that is destroyed already has an "error" to come, which would end the process if nobody listened.
      stream.on("error", () => undefined);
      if (stream.destroyed) return;
      const call = new Call(host, connection, stream);
      connections.boundStreams();
      if (!stream.destroyed) call.begin(headers, rawHeaders);
    });
  });

  // An own listener in front: sockets count from accept on, and a refused one never costs a handshake.
  const listener = createListener({ noDelay: true }, (socket) => {
    // Errors of a socket end it, and "close" tells the table; without a listener they would end the process.
    socket.on("error", () => undefined);
    accepted++;
    if (connections.admit(socket)) http2.accept(socket);
    if (draining) connections.shutDownAll();
  });
  let state: "new" | "listening" | "closed" = "new";
  let draining = false;
  let accepted = 0;

  /**
   * Takes what the kernel has accepted: closing the listener would reset it. A turn of the event loop takes only some, so it
   * goes on until two in a row took nothing, or so long that peers must be knocking on purpose.
   */
  async function takeAccepted(): Promise<void> {
    for (let turns = 0, quiet = 0; quiet < 2 && turns < MAX_ACCEPT_TURNS; turns++) {
      const before = accepted;
      await setImmediate();
      quiet = accepted === before ? quiet + 1 : 0;
    }
  }
  let abandoned = 0;

  function cutAll(reason: "drain" | "closed-now"): void {
    abandoned = connections.calls;
    connections.cutAll(reason);
  }

  return {
    async listen({ port, host: address }) {
      if (state !== "new") throw new GrpcServerError("ERR_GRPC_SERVER_STATE", "a server listens once");
      state = "listening";
      await new Promise<void>((resolve, reject) => {
        const failed = (cause: Error): void => {
          state = "new";
          reject(new GrpcServerError("ERR_GRPC_SERVER_LISTEN", `can't listen on port ${port}`, { cause }));
        };
        listener.once("error", failed);
        listener.listen({ port, ...(address !== undefined && { host: address }) }, () => {
          listener.off("error", failed);
          // A failed accept (no file descriptors) is over with the connection it concerns.
          listener.on("error", (error) => events.acceptFailed?.(error));
          resolve();
        });
      });
      const bound = listener.address();
      if (bound === null || typeof bound === "string") throw new TypeError("a TCP listener has an address");
      return { port: bound.port, address: bound.address };
    },
    setTls(material) {
      http2.setTls(secureOptions(material));
    },
    async drain({ timeoutMs }) {
      draining = true;
      if (state === "listening") await takeAccepted();
      state = "closed";
      listener.close();
      connections.shutDownAll();
      const cancel = timers.schedule(timeoutMs, () => cutAll("drain"));
      await connections.emptied();
      cancel();
      return { completed: abandoned === 0, abandoned };
    },
    closeNow() {
      state = "closed";
      listener.close();
      cutAll("closed-now");
    },
    get connectionCount() {
      return connections.size;
    },
    get callCounts() {
      return { open: connections.calls, waiting: slots.waiting, running: slots.running };
    },
  };
}
