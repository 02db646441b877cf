import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { frame, PREFACE, TYPE } from "../../packages/grpc-server/test/support/frames.ts";
import type { Target } from "./target.ts";

const GOAWAY = 7;

/** A connection whose bytes the attack writes itself. */
export interface RawConnection {
  /** Writes, and waits where the kernel's buffer is full. False once the connection has ended. */
  send(...bytes: readonly Uint8Array[]): Promise<boolean>;
  readonly ended: boolean;
  /** Resolves when the server has ended it. */
  readonly closed: Promise<void>;
  /** HTTP/2 error code of the GOAWAY that came, if one did. */
  readonly goaway: number | undefined;
  /** RST_STREAM frames and HEADERS frames that came. */
  readonly resets: number;
  readonly answers: number;
  destroy(): void;
}

/** Plain TCP; nothing is sent. */
export function openTcp({ port }: Target): Promise<RawConnection> {
  return wrap(connectTcp(port, "127.0.0.1"), "connect");
}

/** TLS with ALPN h2; nothing is sent after the handshake. */
export function openTls({ port, caPem }: Target): Promise<RawConnection> {
  return wrap(connectTls({ port, host: "127.0.0.1", ca: caPem, ALPNProtocols: ["h2"] }), "secureConnect");
}

/** TLS, preface and SETTINGS. */
export async function openHttp2(
  target: Target,
  settings: Uint8Array = new Uint8Array(),
): Promise<RawConnection> {
  const connection = await openTls(target);
  await connection.send(PREFACE, frame(TYPE.settings, 0, 0, settings));
  return connection;
}

function wrap(socket: Socket, ready: "connect" | "secureConnect"): Promise<RawConnection> {
  const seen: { ended: boolean; goaway: number | undefined; resets: number; answers: number } = {
    ended: false,
    goaway: undefined,
    resets: 0,
    answers: 0,
  };
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  socket.on("error", () => undefined);
  socket.on("close", () => {
    seen.ended = true;
    close();
  });
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9) {
      const length = rest.readUIntBE(0, 3);
      if (rest.length < 9 + length) break;
      if (rest[3] === GOAWAY) seen.goaway ??= rest.readUInt32BE(13);
      if (rest[3] === TYPE.rstStream) seen.resets++;
      if (rest[3] === TYPE.headers) seen.answers++;
      rest = rest.subarray(9 + length);
    }
  });
  const connection: RawConnection = {
    async send(...bytes) {
      if (seen.ended || !socket.writable) return false;
      if (!socket.write(Buffer.concat(bytes))) {
        await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
      }
      return !seen.ended;
    },
    get ended() {
      return seen.ended;
    },
    closed,
    get goaway() {
      return seen.goaway;
    },
    get resets() {
      return seen.resets;
    },
    get answers() {
      return seen.answers;
    },
    destroy: () => void socket.destroy(),
  };
  return new Promise((resolve) => {
    socket.once(ready, () => resolve(connection));
    socket.once("close", () => resolve(connection));
  });
}
