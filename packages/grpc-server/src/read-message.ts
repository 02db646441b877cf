import { Code } from "@connectrpc/connect";
import type { CallFault } from "./call-fault.ts";

/** Takes the body of a unary request as it arrives: one length-prefixed message (gRPC over HTTP2, "Length-Prefixed-Message"). */
export interface MessageReader {
  /** Bytes this reader holds. */
  readonly held: number;
  /** Takes the payload of one DATA frame. */
  push(chunk: Uint8Array): CallFault | undefined;
  /** The message, once the caller has ended the request. The bytes are the reader's own or those of its one chunk. */
  end(): Uint8Array | CallFault;
}

const PREFIX_BYTES = 5;
const EMPTY = new Uint8Array(0);

const TOO_LONG: CallFault = {
  code: Code.ResourceExhausted,
  message: "message is too large",
  reason: "message-too-large",
};
const TOO_MANY_FRAMES: CallFault = {
  code: Code.ResourceExhausted,
  message: "too many DATA frames",
  reason: "too-many-frames",
};
const COMPRESSED: CallFault = {
  code: Code.Internal,
  message: "compressed flag set without grpc-encoding",
  reason: "compressed-flag",
};
const BAD_FLAG: CallFault = { code: Code.Internal, message: "invalid message flags", reason: "bad-flag" };
const EXTRA: CallFault = {
  code: Code.Unimplemented,
  message: "more than one message for a unary method",
  reason: "extra-message",
};
const MISSING: CallFault = {
  code: Code.Unimplemented,
  message: "no message for a unary method",
  reason: "no-message",
};
const CUT: CallFault = { code: Code.InvalidArgument, message: "message ends early", reason: "message-cut" };

export function createMessageReader(limits: {
  readonly maxMessageBytes: number;
  readonly maxFramesPerCall: number;
}): MessageReader {
  const prefix = new Uint8Array(PREFIX_BYTES);
  let prefixed = 0;
  let length = 0;
  let frames = 0;
  let received = 0;
  let body: Uint8Array = EMPTY;

  /** Looks at the prefix once it is whole: what it announces is refused before it is waited for. */
  function announced(): CallFault | undefined {
    const flags = prefix[0] ?? 0;
    if (flags !== 0) return flags === 1 ? COMPRESSED : BAD_FLAG;
    length = new DataView(prefix.buffer).getUint32(1);
    return length > limits.maxMessageBytes ? TOO_LONG : undefined;
  }

  return {
    get held() {
      return body.length;
    },
    push(chunk) {
      if (++frames > limits.maxFramesPerCall) return TOO_MANY_FRAMES;
      let rest = chunk;
      if (prefixed < PREFIX_BYTES) {
        const part = rest.subarray(0, PREFIX_BYTES - prefixed);
        prefix.set(part, prefixed);
        prefixed += part.length;
        rest = rest.subarray(part.length);
        if (prefixed < PREFIX_BYTES) return undefined;
        const fault = announced();
        if (fault !== undefined) return fault;
      }
      if (received + rest.length > length) return EXTRA;
      if (received === 0 && rest.length === length) {
        body = rest;
      } else if (rest.length > 0) {
        // Copied, and grown by what has come: a frame of one byte would else keep the whole read it came with, and an
        // announced length would cost memory that nobody has sent.
        if (body.length < received + rest.length) {
          const grown = Buffer.allocUnsafeSlow(
            Math.min(length, Math.max(1024, 2 * (received + rest.length))),
          );
          grown.set(body.subarray(0, received));
          body = grown;
        }
        body.set(rest, received);
      }
      received += rest.length;
      return undefined;
    },
    end() {
      if (prefixed === 0) return MISSING;
      if (prefixed < PREFIX_BYTES || received < length) return CUT;
      return body.subarray(0, length);
    },
  };
}
