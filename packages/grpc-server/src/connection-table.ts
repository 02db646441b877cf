import type { Socket } from "node:net";
import { Connection, type StreamCount } from "./connection.ts";
import type { CloseReason, ServerEvents } from "./events.ts";
import { peerOf } from "./gate.ts";
import type { Limits } from "./limits.ts";
import type { Timers } from "./timers.ts";

const SWEEP_MS = 1000;

/** The socket a session runs on has other objects on the way (TLS, http2's proxy): the addresses are the same. */
type Addresses = Pick<Socket, "remoteAddress" | "remotePort" | "localAddress">;

/** All connections in the order of their accept, and the rules for how many there may be and for how long. */
export interface ConnectionTable {
  readonly size: number;
  /** Calls that haven't ended yet. */
  readonly calls: number;
  /** Takes a socket just accepted, or destroys it and answers false. */
  admit(socket: Socket): boolean;
  /** Cuts connections until there are no more open streams than allowed. Called after one was opened. */
  boundStreams(): void;
  find(socket: Addresses): Connection | undefined;
  /** For a drain. */
  shutDownAll(): void;
  cutAll(reason: CloseReason): void;
  /** Resolves once there are no connections. */
  emptied(): Promise<void>;
}

export interface ConnectionTableOptions {
  readonly limits: Limits;
  readonly timers: Timers;
  readonly events: ServerEvents;
  /** Calls prove nothing of the caller: a connection that has made one is as good as any other when room is needed. */
  readonly anonymous: boolean;
}

export function createConnectionTable(options: ConnectionTableOptions): ConnectionTable {
  const { limits, timers, events, anonymous } = options;
  const connections = new Set<Connection>();
  const byAddresses = new Map<string, Connection>();
  const perAddress = new Map<string, number>();
  const onEmpty: (() => void)[] = [];
  const streams: StreamCount = { open: 0 };
  let sweeping = false;

  function sweepLater(): void {
    if (sweeping || connections.size === 0) return;
    sweeping = true;
    timers.schedule(SWEEP_MS, () => {
      sweeping = false;
      for (const connection of connections) connection.sweep(limits);
      sweepLater();
    });
  }

  /** Whether others make room first. Where anybody can make a call, a call earns nobody that. */
  function isSafe(connection: Connection): boolean {
    return !anonymous && connection.authenticated;
  }

  /**
   * Cuts the oldest connection that has sat long enough without an authenticated call; where callers are anonymous, without
   * any. Where there is none, the oldest such of the address that has most of them, if those are more than the newcomer's
   * address has: one address that floods must not keep the others out, and a site that boots behind one address evicts none
   * of its own.
   */
  function makeRoom(newcomer: string): boolean {
    const crowds = new Map<string, { readonly oldest: Connection; count: number }>();
    for (const connection of connections) {
      if (connection.makesRoom(limits, anonymous)) return evict(connection);
      if (isSafe(connection)) continue;
      const crowd = crowds.get(connection.peer.address);
      if (crowd === undefined) crowds.set(connection.peer.address, { oldest: connection, count: 1 });
      else crowd.count++;
    }
    let largest: { readonly oldest: Connection; readonly count: number } | undefined;
    for (const crowd of crowds.values()) if (crowd.count > (largest?.count ?? 0)) largest = crowd;
    if (largest === undefined || largest.count <= (crowds.get(newcomer)?.count ?? 0) + 1) return false;
    return evict(largest.oldest);
  }

  function evict(connection: Connection): true {
    connection.cut("made-room");
    remove(connection);
    return true;
  }

  /** Cuts the connection with most open streams, one without an authenticated call before all others. */
  function thinOut(): void {
    let busiest: Connection | undefined;
    for (const connection of connections) {
      if (connection.calls === 0) continue;
      const worse =
        busiest === undefined ||
        (isSafe(connection) === isSafe(busiest) ? connection.calls > busiest.calls : isSafe(busiest));
      if (worse) busiest = connection;
    }
    if (busiest !== undefined) evict(busiest);
  }

  function remove(connection: Connection): void {
    if (!connections.delete(connection)) return;
    const { peer } = connection;
    const left = (perAddress.get(peer.address) ?? 1) - 1;
    if (left > 0) perAddress.set(peer.address, left);
    else perAddress.delete(peer.address);
    events.connectionClosed?.({
      peer,
      reason: connection.reason,
      durationMs: timers.now() - connection.openedAt,
    });
    if (connections.size === 0) for (const tell of onEmpty.splice(0)) tell();
  }

  return {
    get size() {
      return connections.size;
    },
    get calls() {
      let calls = 0;
      for (const connection of connections) calls += connection.calls;
      return calls;
    },
    admit(socket) {
      const peer = peerOf(socket);
      const ofAddress = perAddress.get(peer.address) ?? 0;
      const crowded = limits.maxConnectionsPerAddress > 0 && ofAddress >= limits.maxConnectionsPerAddress;
      if (crowded || (connections.size >= limits.maxConnections && !makeRoom(peer.address))) {
        socket.destroy();
        events.connectionRefused?.({
          peer,
          reason: crowded ? "max-connections-per-address" : "max-connections",
        });
        return false;
      }
      const connection = new Connection(socket, peer, timers, streams);
      const key = keyOf(socket);
      connections.add(connection);
      byAddresses.set(key, connection);
      perAddress.set(peer.address, (perAddress.get(peer.address) ?? 0) + 1);
      socket.once("close", () => {
        // The same addresses may have come back before this event did.
        if (byAddresses.get(key) === connection) byAddresses.delete(key);
        remove(connection);
      });
      events.connectionOpened?.({ peer });
      sweepLater();
      return true;
    },
    boundStreams() {
      while (streams.open > limits.maxStreams) thinOut();
    },
    find: (socket) => byAddresses.get(keyOf(socket)),
    shutDownAll() {
      for (const connection of connections) connection.shutDown("drain", limits.firstCallMs);
    },
    cutAll(reason) {
      for (const connection of connections) connection.cut(reason);
    },
    emptied() {
      return new Promise((resolve) => {
        if (connections.size === 0) resolve();
        else onEmpty.push(resolve);
      });
    },
  };
}

function keyOf(socket: Addresses): string {
  return `${socket.remoteAddress}|${socket.remotePort}|${socket.localAddress}`;
}
