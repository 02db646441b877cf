// What a caller of the signer can be answered. check-docs.ts holds the list to the reasons and texts in the sources.
import type { Code } from "@connectrpc/connect";

export interface Answer {
  readonly code: keyof typeof Code;
  /** As it is sent. `…` stands for a part that varies. */
  readonly text: string;
  /** The word in the audit line, in metrics, or both. */
  readonly reason: string;
  readonly meaning: string;
}

/** Answers of the signer: each one is an audit line `refused` and counts in `talos_csr_signer_rejections_total`. */
export const SIGNER_ANSWERS: readonly Answer[] = [
  {
    code: "Unauthenticated",
    text: "invalid token",
    reason: "token-wrong",
    meaning:
      "The token is none of those in force. The worker's `machine.token` is another cluster's, or was rotated.",
  },
  {
    code: "Unauthenticated",
    text: "invalid token",
    reason: "token-missing",
    meaning: "The call has no `token` metadata: not a Talos worker.",
  },
  {
    code: "Unauthenticated",
    text: "invalid token",
    reason: "token-empty",
    meaning: "The `token` metadata is blank.",
  },
  {
    code: "Unauthenticated",
    text: "invalid token",
    reason: "token-several",
    meaning: "The call has more than one `token`, even if one of them is right.",
  },
  {
    code: "ResourceExhausted",
    text: "too many failed calls from this address",
    reason: "failure-limit",
    meaning:
      "`TOKEN_FAILURES_PER_MINUTE` is set and this address has used it up; it regains calls within a minute.",
  },
  {
    code: "InvalidArgument",
    text: "certificate request refused: …",
    reason: "ERR_PKI_…",
    meaning: "The request breaks a rule. The text and the reason are the code; see [the codes](#pki).",
  },
  {
    code: "PermissionDenied",
    text: "a requested name is not allowed",
    reason: "name-denied",
    meaning: "A requested name matches `DENIED_SANS`.",
  },
  {
    code: "PermissionDenied",
    text: "a requested name is not allowed",
    reason: "name-not-allowed",
    meaning: "A requested name is outside `ALLOWED_SAN_CIDRS` or `ALLOWED_SAN_SUFFIXES`.",
  },
  {
    code: "PermissionDenied",
    text: "a requested name is not allowed",
    reason: "peer-address-missing",
    meaning:
      "`REQUIRE_PEER_IP_SAN` is on and the request does not name the address it comes from (NAT, a proxy).",
  },
  {
    code: "FailedPrecondition",
    text: "the CA is …",
    reason: "ca-…",
    meaning:
      "The CA is expired (`ca-expired`) or not yet valid (`ca-not-yet-valid`). Readiness is off meanwhile.",
  },
];

/** Answers of the server before a call reaches the signer: counted in `grpc_server_handled_total` by code, not audited. */
export const SERVER_ANSWERS: readonly Answer[] = [
  {
    code: "Unimplemented",
    text: "unknown method",
    reason: "unknown-method",
    meaning: "Nothing but `SecurityService/Certificate` and `Health/Check` is served.",
  },
  {
    code: "Unimplemented",
    text: "streaming is not implemented",
    reason: "streaming",
    meaning: "A streaming method, such as `Health/Watch`.",
  },
  {
    code: "Unimplemented",
    text: "grpc-encoding is not supported",
    reason: "encoding",
    meaning: "Compressed messages are not read.",
  },
  {
    code: "Unimplemented",
    text: "more than one message for a unary method",
    reason: "extra-message",
    meaning: "A second message, or bytes after the first.",
  },
  {
    code: "Unimplemented",
    text: "no message for a unary method",
    reason: "no-message",
    meaning: "The call ended without a message.",
  },
  {
    code: "ResourceExhausted",
    text: "header list is too large",
    reason: "headers-too-large",
    meaning: "Over 16 KiB of headers.",
  },
  {
    code: "ResourceExhausted",
    text: "message is too large",
    reason: "message-too-large",
    meaning: "Over 64 KiB; refused on the length prefix, before the message is read.",
  },
  {
    code: "ResourceExhausted",
    text: "too many DATA frames",
    reason: "too-many-frames",
    meaning: "A message in more than 512 pieces.",
  },
  {
    code: "ResourceExhausted",
    text: "too many calls",
    reason: "max-calls",
    meaning: "`MAX_CALLS` are worked on and 1,024 more wait.",
  },
  {
    code: "ResourceExhausted",
    text: "too many calls",
    reason: "max-wait",
    meaning: "The call waited 10 s for its turn.",
  },
  {
    code: "ResourceExhausted",
    text: "answer is too large",
    reason: "answer-too-large",
    meaning: "Over 64 KiB: far too many accepted CAs.",
  },
  {
    code: "InvalidArgument",
    text: "malformed grpc-timeout",
    reason: "bad-timeout",
    meaning: "The deadline is not in gRPC's form.",
  },
  {
    code: "InvalidArgument",
    text: "message ends early",
    reason: "message-cut",
    meaning: "The message is shorter than its prefix says.",
  },
  {
    code: "DeadlineExceeded",
    text: "deadline exceeded",
    reason: "deadline",
    meaning: "The caller's own deadline, at most 60 s.",
  },
  {
    code: "DeadlineExceeded",
    text: "the request took too long to arrive",
    reason: "slow-request",
    meaning: "Its last byte came later than 10 s after its headers.",
  },
  {
    code: "Internal",
    text: "compressed flag set without grpc-encoding",
    reason: "compressed-flag",
    meaning: "Broken framing.",
  },
  { code: "Internal", text: "invalid message flags", reason: "bad-flag", meaning: "Broken framing." },
  {
    code: "Internal",
    text: "message can't be decoded",
    reason: "bad-message",
    meaning: "The message is no protobuf of the method's type.",
  },
  {
    code: "Internal",
    text: "internal error",
    reason: "gate-failed",
    meaning: "A fault in the signer; its log has the error, the caller never does.",
  },
];
