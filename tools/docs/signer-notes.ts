// What csr-signer answers and logs of its own.
import type { Answer, LogNotes, ProgramNotes } from "./program-notes.ts";

/** Answers of the signer: each one is an audit line `refused` and counts in `talos_csr_signer_rejections_total`. */
const ANSWERS: readonly Answer[] = [
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

const LOG: LogNotes = {
  signed: {
    level: "info",
    fields: "peer, tokenId, commonName, sans, keyType, serial, notAfter, dropped, leftOut",
    meaning:
      "A certificate was issued. `dropped`: parts of the request that are never issued, such as `organization`. `leftOut`: names with the reason `own-name` or `wildcard`.",
  },
  refused: {
    level: "warn",
    fields: "peer, method, code, reason, tokenId, commonName, sans, keyType",
    meaning: "A call was refused; at most ten such lines a second. The reasons are in the table above.",
  },
  "reloaded what had waited": {
    level: "info",
    fields: "groups",
    meaning: "A change that had waited holds together now and is in force.",
  },
  "a change of material failed, the old one stays in force": {
    level: "error",
    fields: "error",
    meaning: "An unexpected error while files were reloaded.",
  },
  "renewed the serving certificate": {
    level: "info",
    fields: "",
    meaning: "The signer's self-issued certificate was replaced.",
  },
  "issued a serving certificate for this host's own names: set SERVER_IPS to what workers connect to": {
    level: "warn",
    fields: "",
    meaning:
      "Workers connect to the control plane's address, which is none of these names in most deployments.",
  },
  "the old CA is no longer among the accepted ones: a worker that has not got the new one is locked out": {
    level: "warn",
    fields: "",
    meaning:
      "The issuing CA was replaced and the old one dropped in one step. Right at the end of a rotation; else put the old CA back into `ACCEPTED_CAS_PATH`.",
  },
};

export const SIGNER_NOTES: ProgramNotes = {
  name: "csr-signer",
  answers: ANSWERS,
  reasons: "composed",
  log: LOG,
};
