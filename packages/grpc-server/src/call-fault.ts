import { Code } from "@connectrpc/connect";

/** Why a call can't go on. */
export interface CallFault {
  readonly code: Code;
  readonly message: string;
  /** A stable word for log and metrics. */
  readonly reason: string;
}

export const UNKNOWN_METHOD: CallFault = {
  code: Code.Unimplemented,
  message: "unknown method",
  reason: "unknown-method",
};
export const STREAMING: CallFault = {
  code: Code.Unimplemented,
  message: "streaming is not implemented",
  reason: "streaming",
};
export const LARGE_HEADERS: CallFault = {
  code: Code.ResourceExhausted,
  message: "header list is too large",
  reason: "headers-too-large",
};
export const GATE_FAILED: CallFault = {
  code: Code.Internal,
  message: "internal error",
  reason: "gate-failed",
};
export const BUSY: CallFault = {
  code: Code.ResourceExhausted,
  message: "too many calls",
  reason: "max-calls",
};
export const WAITED: CallFault = {
  code: Code.ResourceExhausted,
  message: "too many calls",
  reason: "max-wait",
};
export const LATE: CallFault = {
  code: Code.DeadlineExceeded,
  message: "deadline exceeded",
  reason: "deadline",
};
export const SLOW: CallFault = {
  code: Code.DeadlineExceeded,
  message: "the request took too long to arrive",
  reason: "slow-request",
};
export const UNREADABLE: CallFault = {
  code: Code.Internal,
  message: "message can't be decoded",
  reason: "bad-message",
};
export const ANSWER_TOO_LONG: CallFault = {
  code: Code.ResourceExhausted,
  message: "answer is too large",
  reason: "answer-too-large",
};
