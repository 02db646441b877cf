/** Bounds on what callers may take. Times are milliseconds. */
export interface Limits {
  /** Sockets at once, counted from TCP accept on. */
  readonly maxConnections: number;
  /** The same for one address; 0 is no limit. */
  readonly maxConnectionsPerAddress: number;
  /** Calls worked on at once. */
  readonly maxCalls: number;
  /** Calls that have arrived and wait for a place, in order. */
  readonly maxWaitingCalls: number;
  readonly maxWaitMs: number;
  /** Bytes of one message, in either direction, without its 5-byte prefix. */
  readonly maxMessageBytes: number;
  /** Non-empty DATA frames of one request. */
  readonly maxFramesPerCall: number;
  /** Bytes of unfinished and waiting requests over all calls. */
  readonly maxBufferedBytes: number;
  /** Streams open at once in one connection (SETTINGS_MAX_CONCURRENT_STREAMS). */
  readonly maxStreamsPerConnection: number;
  /**
   * Streams open at once over all connections. One more costs the connection that has most of them: of connections without
   * an authenticated call, if there are such.
   */
  readonly maxStreams: number;
  /** Bytes of one header list as RFC 9113 counts them (SETTINGS_MAX_HEADER_LIST_SIZE). */
  readonly maxHeaderBytes: number;
  /** From the headers of a call to its last byte. */
  readonly requestMs: number;
  /** The whole of a call up to its answer; longer deadlines of callers are cut to it. */
  readonly maxCallMs: number;
  /** From an answer to the caller having taken it. */
  readonly responseMs: number;
  /** From TCP accept to the end of the TLS handshake. */
  readonly handshakeMs: number;
  /** How long a connection without an authenticated call stays after its start or its last call that was let in. */
  readonly unauthenticatedMs: number;
  /** How long such a connection is safe from making room for a new one. */
  readonly makeRoomAfterMs: number;
  /** How long an authenticated connection may be without a call. */
  readonly idleMs: number;
  /** Age at which a connection takes no more calls; those in flight end. */
  readonly maxAgeMs: number;
  /** How long a connection without a call yet may still make its first when the server drains. */
  readonly firstCallMs: number;
  /** How long a peer has to close its side after GOAWAY before a connection without calls is cut. */
  readonly closeGraceMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxConnections: 512,
  maxConnectionsPerAddress: 0,
  maxCalls: 64,
  maxWaitingCalls: 1024,
  maxWaitMs: 10_000,
  maxMessageBytes: 65_536,
  maxFramesPerCall: 512,
  maxBufferedBytes: 8 * 1024 * 1024,
  maxStreamsPerConnection: 4,
  maxStreams: 512,
  maxHeaderBytes: 16_384,
  requestMs: 10_000,
  maxCallMs: 60_000,
  responseMs: 10_000,
  handshakeMs: 10_000,
  unauthenticatedMs: 10_000,
  makeRoomAfterMs: 2_000,
  idleMs: 300_000,
  maxAgeMs: 3_600_000,
  firstCallMs: 500,
  closeGraceMs: 2_000,
};
