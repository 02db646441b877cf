import { createContextKey, type Code, type ContextKey } from "@connectrpc/connect";

/** The other end of a connection. */
export interface Peer {
  /** IP address text; an IPv4 address that reached an IPv6 socket is given as IPv4. */
  readonly address: string;
  readonly port: number;
}

/** What the gate says of a call. */
export type GateDecision =
  | {
      readonly allow: true;
      /** Who calls, for handlers ({@link principalKey}) and the log; never a secret. */
      readonly principal?: string;
      /** Whether this call, once all of it has arrived, makes its connection an authenticated one. */
      readonly countsAsAuthenticated: boolean;
    }
  | {
      readonly allow: false;
      readonly code: Code;
      /** Text for the caller. */
      readonly message: string;
      /** A stable word for log and metrics. */
      readonly reason: string;
    };

/**
 * Decides on a call by its headers alone, before any of the body is read.
 *
 * `method` is the path of a method that is served, "/package.Service/Method". `rawHeaders` is the list as received:
 * name, value, name, value, with pseudo headers, names in lower case, repeated names kept apart. It must not throw;
 * if it does, the call is refused with INTERNAL.
 */
export type HeaderGate = (method: string, rawHeaders: readonly string[], peer: Peer) => GateDecision;

const NOBODY: Peer = { address: "", port: 0 };

/** Context value: the peer of this call. */
export const peerKey: ContextKey<Peer> = createContextKey(NOBODY, { description: "peer of the call" });

/** Context value: the principal the gate named, or "". */
export const principalKey: ContextKey<string> = createContextKey("", {
  description: "principal of the call",
});

/** Reads a socket's other end, IPv4-mapped addresses as IPv4. */
export function peerOf(socket: {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}): Peer {
  const address = socket.remoteAddress ?? "";
  const mapped = address.startsWith("::ffff:") && address.includes(".");
  return { address: mapped ? address.slice("::ffff:".length) : address, port: socket.remotePort ?? 0 };
}
