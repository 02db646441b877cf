import { Code } from "@connectrpc/connect";
import type { Peer } from "./gate.ts";

/** How a call ended: gRPC's status code, 0 is OK. */
export type CallCode = Code | 0;

/** The name of a code as connect spells it, "OK" for 0. */
export function codeName(code: CallCode): string {
  return code === 0 ? "OK" : (Code[code] ?? "Unknown");
}

export interface EndedCall {
  /** Name of a service that is served, or "unknown". */
  readonly service: string;
  /** Name of a method that is served, or "unknown". */
  readonly method: string;
  readonly code: CallCode;
  readonly durationMs: number;
  readonly peer: Peer;
  /** What the gate called the caller, if it let the call in. */
  readonly principal?: string;
  /** A stable word where the server itself, not a handler, refused or ended the call. */
  readonly reason?: string;
}

/** Why a connection ended. */
export type CloseReason =
  | "peer" // the peer closed it, or the network did
  | "protocol" // HTTP/2 or TLS error
  | "handshake-timeout"
  | "unauthenticated-timeout"
  | "made-room"
  | "idle"
  | "age"
  | "drain"
  | "closed-now";

/** Why a connection was dropped right after TCP accept. */
export type RefuseReason = "max-connections" | "max-connections-per-address";

/** Told what happens. Nothing here may throw; none of it holds a header value or a byte of a body. */
export interface ServerEvents {
  callStarted?(call: { readonly service: string; readonly method: string; readonly peer: Peer }): void;
  callEnded?(call: EndedCall): void;
  connectionOpened?(connection: { readonly peer: Peer }): void;
  connectionClosed?(connection: {
    readonly peer: Peer;
    readonly reason: CloseReason;
    readonly durationMs: number;
  }): void;
  connectionRefused?(connection: { readonly peer: Peer; readonly reason: RefuseReason }): void;
  /** The system refused to hand over a connection, for example for want of file descriptors. */
  acceptFailed?(error: Error): void;
  /** An error that is no ConnectError left a handler, an interceptor or the gate; the caller got INTERNAL. */
  internalError?(error: unknown, where: { readonly service: string; readonly method: string }): void;
}
