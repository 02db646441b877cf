// HTTP/2 frames written byte by byte (RFC 9113), as a client that keeps no rules can.

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { endStream: 1, ack: 1, endHeaders: 4 } as const;

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(),
): Buffer {
  const out = Buffer.alloc(9 + payload.length);
  out.writeUIntBE(payload.length, 0, 3);
  out[3] = type;
  out[4] = flags;
  out.writeUInt32BE(stream, 5);
  out.set(payload, 9);
  return out;
}

export function uint32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
}

/** An integer of RFC 7541 §5.1 with a prefix of 7 bits, first bit 0. */
function hpackLength(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let rest = value - 127;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

function hpackText(text: string): Buffer {
  return Buffer.concat([hpackLength(text.length), Buffer.from(text, "latin1")]);
}

/** A header list as literals; those of `indexed` enter the peer's table (RFC 7541 §6.2). */
export function hpack(headers: readonly (readonly [string, string])[], indexed = false): Buffer {
  const start = Buffer.from([indexed ? 0x40 : 0]);
  return Buffer.concat(headers.flatMap(([name, value]) => [start, hpackText(name), hpackText(value)]));
}

/** The headers of a call. */
export function callHeaders(path: string, token: string): readonly (readonly [string, string])[] {
  return [
    [":method", "POST"],
    [":scheme", "https"],
    [":path", path],
    [":authority", "localhost"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ["token", token],
  ];
}

/** A length-prefixed gRPC message. */
export function grpcMessage(message: Uint8Array, flags = 0, length = message.length): Buffer {
  return Buffer.concat([Buffer.from([flags]), uint32(length), message]);
}
