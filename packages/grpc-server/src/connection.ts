import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { CallConnection } from "./call.ts";
import type { CloseReason } from "./events.ts";
import type { Peer } from "./gate.ts";
import type { Limits } from "./limits.ts";
import type { Timers } from "./timers.ts";

/** Streams open over all connections. */
export interface StreamCount {
  open: number;
}

/** One socket from TCP accept to its end. */
export class Connection implements CallConnection {
  readonly peer: Peer;
  readonly openedAt: number;
  readonly #socket: Socket;
  readonly #timers: Timers;
  readonly #streams: StreamCount;
  #session: ServerHttp2Session | undefined;
  #calls = 0;
  #wholeCalls = 0;
  #hadCall = false;
  #cut = false;
  #authenticated = false;
  #activeAt: number;
  #waitsForFirstCall = false;
  #ending: { readonly reason: CloseReason; readonly at: number } | undefined;

  constructor(socket: Socket, peer: Peer, timers: Timers, streams: StreamCount) {
    this.#socket = socket;
    this.#streams = streams;
    this.peer = peer;
    this.#timers = timers;
    this.openedAt = this.#activeAt = timers.now();
  }

  /** Streams that have not closed yet. */
  get calls(): number {
    return this.#calls;
  }

  get authenticated(): boolean {
    return this.#authenticated;
  }

  /** Why it ended, or is ending; "peer" until the server has a reason of its own. */
  get reason(): CloseReason {
    return this.#ending?.reason ?? "peer";
  }

  /**
   * Whether it may be cut so that a new connection finds room. Where callers are anonymous a call that has arrived keeps its
   * connection while it lasts; half of one does not.
   */
  makesRoom({ makeRoomAfterMs }: Limits, anonymous: boolean): boolean {
    const now = this.#timers.now();
    if (anonymous) return this.#wholeCalls === 0 && now - this.#activeAt >= makeRoomAfterMs;
    return !this.#authenticated && now - this.openedAt >= makeRoomAfterMs;
  }

  /** The handshake is done. */
  attach(session: ServerHttp2Session): void {
    this.#session = session;
    this.#activeAt = this.#timers.now();
    session.on("error", () => (this.#ending ??= { reason: "protocol", at: this.#timers.now() }));
    if (this.#ending !== undefined && !this.#waitsForFirstCall) session.close();
  }

  callOpened(): void {
    this.#calls++;
    this.#hadCall = true;
    if (!this.#cut) this.#streams.open++;
  }

  callArrived(authenticated: boolean): void {
    this.#wholeCalls++;
    if (authenticated) this.#authenticated = true;
  }

  callClosed(letIn: boolean): void {
    this.#calls--;
    if (!this.#cut) this.#streams.open--;
    if (letIn) {
      this.#wholeCalls--;
      this.#activeAt = this.#timers.now();
    }
    if (this.#ending !== undefined) this.#session?.close();
  }

  /**
   * Takes no more calls, lets those in flight end, closes. GOAWAY names the last stream that was taken, so a client knows
   * that what it sent after that was not worked on and may be sent again (RFC 9113 §6.8). The customary GOAWAY that
   * refuses nothing yet doesn't go with node:http2: after any GOAWAY it stops to read once no stream is open.
   *
   * So a connection without a call yet gets `firstCallMs` for its first: a worker that just connected has sent it, or is
   * about to, and can't know.
   */
  shutDown(reason: CloseReason, firstCallMs = 0): void {
    if (this.#ending !== undefined) return;
    this.#ending = { reason, at: this.#timers.now() };
    if (this.#hadCall || firstCallMs === 0) {
      this.#session?.close();
      return;
    }
    this.#waitsForFirstCall = true;
    this.#timers.schedule(firstCallMs, () => {
      this.#waitsForFirstCall = false;
      this.#session?.close();
    });
  }

  /** Ends it at once. */
  cut(reason: CloseReason): void {
    this.#ending ??= { reason, at: this.#timers.now() };
    // Its streams close a little later; they make room from now on.
    if (!this.#cut) this.#streams.open -= this.#calls;
    this.#cut = true;
    this.#session?.destroy();
    this.#socket.destroy();
  }

  /** Ends what has gone on too long. Called about once a second. */
  sweep(limits: Limits): void {
    const now = this.#timers.now();
    if (this.#ending !== undefined) return this.#sweepEnding(now - this.#ending.at, limits);
    if (this.#session === undefined) {
      if (now - this.openedAt >= limits.handshakeMs) this.cut("handshake-timeout");
      return;
    }
    const quietMs = now - this.#activeAt;
    if (!this.#authenticated) {
      if (quietMs >= limits.unauthenticatedMs) this.cut("unauthenticated-timeout");
    } else if (now - this.openedAt >= limits.maxAgeMs) {
      this.shutDown("age");
    } else if (this.#calls === 0 && quietMs >= limits.idleMs) {
      this.shutDown("idle");
    }
  }

  /** A peer that doesn't close its side is cut, but not with a call in flight: calls have limits of their own. */
  #sweepEnding(endingMs: number, limits: Limits): void {
    if (endingMs >= limits.closeGraceMs && this.#calls === 0) this.cut(this.reason);
  }
}
