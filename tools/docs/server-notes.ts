// Answers and log lines that every program has.
import type { Answer, LogNotes } from "./program-notes.ts";

/** Answers of the server before a call reaches the program: counted in `grpc_server_handled_total` by code, not audited. */
export const SERVER_ANSWERS: readonly Answer[] = [
  {
    code: "Unimplemented",
    text: "unknown method",
    reason: "unknown-method",
    meaning: "Nothing but the program's own service and `Health/Check` is served.",
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
    meaning:
      "Over 64 KiB, or `KMS_MAX_MESSAGE_BYTES`; refused on the length prefix, before the message is read.",
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
    meaning: "Over 64 KiB, or `KMS_MAX_MESSAGE_BYTES`: far too many accepted CAs.",
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
    meaning: "A fault in the program; its log has the error, the caller never does.",
  },
];

/** Logged by the server for a program, or by each program alike. */
export const SHARED_LOG: LogNotes = {
  listening: {
    level: "info",
    fields: "port, adminPort, version, revision; kms-vault: backend",
    meaning: "Calls are taken from here on.",
  },
  "refused, not told one by one": {
    level: "warn",
    fields: "reasons",
    meaning: "How many more were refused, by reason.",
  },
  reloaded: {
    level: "info",
    fields: "groups",
    meaning: "Changed files are in force: `tokens`, `serving`, `trust`; kms-vault has `serving` alone.",
  },
  "reload refused, the old material stays in force": {
    level: "error",
    fields: "group, setting, file, fault",
    meaning: "A changed file is damaged, or would not fit with the rest. Nodes are served as before.",
  },
  "can't watch or read": {
    level: "error",
    fields: "file, error",
    meaning:
      "A file turned unreadable. It is looked at again every 30 s; what was read before stays in force.",
  },
  "file mode": {
    level: "warn",
    fields: "setting, file, warning",
    meaning:
      "Others may read a key or token file. Kubernetes mounts Secrets so unless `fsGroup` and `defaultMode` say otherwise.",
  },
  "no health and metrics: the default admin port can't be had": {
    level: "warn",
    fields: "code",
    meaning:
      "Port 8081 is taken and `ADMIN_ADDR`, or `--health-server-addr`, was not set. Set it where probes are configured.",
  },
  "internal error": {
    level: "error",
    fields: "service, method, error",
    meaning: "The caller got INTERNAL. A fault in the program: report it.",
  },
  "configuration fault": {
    level: "error",
    fields: "setting, file, fault",
    meaning: "One line a fault, all of them, before the process ends with exit code 1.",
  },
  "not started: …": { level: "error", fields: "", meaning: "How many faults there were." },
  stopping: {
    level: "info",
    fields: "delayMs, timeoutMs",
    meaning: "SIGTERM or SIGINT came. A second one ends at once.",
  },
  stopped: {
    level: "info",
    fields: "completed, abandoned",
    meaning: "The end. `abandoned` calls were still open after `SHUTDOWN_TIMEOUT`.",
  },
};
