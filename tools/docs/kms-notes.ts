// What kms-vault answers and logs of its own.
import type { Answer, LogNotes, ProgramNotes } from "./program-notes.ts";

/** Each one is an audit line `refused` and counts in `talos_kms_operations_total`. */
const ANSWERS: readonly Answer[] = [
  {
    code: "InvalidArgument",
    text: "the node UUID is not 8-4-4-4-12 hexadecimal digits",
    reason: "uuid-shape",
    meaning: "Checked always: nothing else ever reaches a URL, a key's name or a log.",
  },
  {
    code: "InvalidArgument",
    text: "the node UUID is not …: set KMS_ALLOW_UUID_VERSIONS, or …",
    reason: "uuid-version",
    meaning:
      "Another version or variant than is let in. Common boards have such UUIDs: `KMS_UUID_VALIDATION_MODE=relaxed`.",
  },
  {
    code: "InvalidArgument",
    text: "the node UUID looks made up, so other machines may have it: give the node its own, or set KMS_DISABLE_ENTROPY_CHECK=true or …",
    reason: "uuid-entropy",
    meaning:
      "A pattern that chance does not make. Whoever has the same UUID can unseal this node's key. Firmware tools can set one.",
  },
  {
    code: "InvalidArgument",
    text: "Seal takes exactly … bytes",
    reason: "seal-size",
    meaning: "Talos sends 32. `KMS_SEAL_SIZE` is for other clients.",
  },
  {
    code: "InvalidArgument",
    text: "the data is no ciphertext of this KMS",
    reason: "malformed",
    meaning:
      "It does not begin as this backend's ciphertext does: `vault:vN:` or `tbk:v1:`. Sealed by another KMS, or by another backend.",
  },
  {
    code: "PermissionDenied",
    text: "the data can't be unsealed for this node",
    reason: "refused",
    meaning:
      "Another node's ciphertext, a cut or changed one, or a node without a key; which of them is not told. Also a key version that was taken away: [disaster recovery](../guides/disaster-recovery.md).",
  },
  {
    code: "PermissionDenied",
    text: "the node is not known here",
    reason: "unknown-node",
    meaning: "`KMS_KEY_POLICY=precreate`, or `disable_upsert` in Vault, and nobody has made this node's key.",
  },
  {
    code: "PermissionDenied",
    text: "the KMS is not allowed to do this for the node",
    reason: "forbidden",
    meaning:
      "Vault's policy. With `update` alone on `transit/encrypt/+` a new node's first Seal ends here: [policy](../guides/kms-auth.md#policy).",
  },
  {
    code: "PermissionDenied",
    text: "calls from this address are not allowed",
    reason: "source",
    meaning: "Outside `KMS_ALLOWED_SOURCES`. Behind a proxy or NAT every call has its address.",
  },
  {
    code: "ResourceExhausted",
    text: "too many Seals: try again",
    reason: "seal-rate",
    meaning: "`KMS_SEAL_RATE`, over all callers. A node tries again by itself.",
  },
  {
    code: "ResourceExhausted",
    text: "too many calls from this address",
    reason: "address-rate",
    meaning: "`KMS_CALLS_PER_MINUTE_PER_ADDRESS` is set and used up.",
  },
  {
    code: "ResourceExhausted",
    text: "too many calls for this node",
    reason: "uuid-rate",
    meaning: "`KMS_CALLS_PER_MINUTE_PER_UUID` is set and used up.",
  },
  {
    code: "FailedPrecondition",
    text: "the node's key can't be used to seal",
    reason: "key-unusable",
    meaning:
      "Vault answers 400 to encrypt: the key is for signatures, or derived. `vault read transit/keys/UUID` tells.",
  },
  {
    code: "FailedPrecondition",
    text: "the unsealed key has … bytes, KMS_SEAL_SIZE is …",
    reason: "unseal-size",
    meaning: "It was sealed with another size. Talos would take it for damaged.",
  },
  {
    code: "Unavailable",
    text: "the KMS can't be reached now: try again",
    reason: "unavailable",
    meaning:
      "Vault is away, sealed, slow, rate-limited, or takes no login; or the mount is not there. The audit line's `detail` says which. Nothing is lost: the node tries again.",
  },
  {
    code: "Unavailable",
    text: "Not the leader - current leader is …",
    reason: "not-leader",
    meaning: "Leader election is on and another replica holds the Lease.",
  },
  {
    code: "Unavailable",
    text: "No leader elected - service unavailable",
    reason: "not-leader",
    meaning: "Leader election is on and no replica holds the Lease, or the API server can't be reached.",
  },
  {
    code: "Unavailable",
    text: "Not the leader - current leader is …",
    reason: "leadership-lost",
    meaning: "The Lease ended while the call was worked on. What it sealed is not told.",
  },
  {
    code: "Internal",
    text: "the sealed key could not be unsealed again",
    reason: "not-unsealable",
    meaning: "The backend gave other bytes back than it was given. Nothing may be encrypted with such a key.",
  },
  {
    code: "Internal",
    text: "internal error",
    reason: "internal-error",
    meaning: "A fault in the program; its log has the error, the caller never does.",
  },
  {
    code: "Canceled",
    text: "the call was ended",
    reason: "aborted",
    meaning: "The caller went away, or its deadline passed.",
  },
];

const LOG: LogNotes = {
  sealed: {
    level: "info",
    fields: "peer, uuid, keyVersion, warning",
    meaning:
      "A node's key was sealed, and unsealed again to see that it can be. The first one makes the node's key.",
  },
  unsealed: {
    level: "info",
    fields: "peer, uuid, keyVersion, warning",
    meaning:
      "A node was given its key. `warning`: many machines have this UUID. An address that asks for many UUIDs is worth a look.",
  },
  refused: {
    level: "warn",
    fields: "operation, peer, code, reason, uuid, refusedUuid, detail",
    meaning:
      "A call was refused; at most ten such lines a second. `refusedUuid` is the length and escaped beginning of what is no UUID, `detail` what the backend said.",
  },
  "no such setting": {
    level: "warn",
    fields: "setting",
    meaning:
      "A name of the environment begins with `KMS_` and is no setting: perhaps it is mistyped, and its default is in force.",
  },
  "no TLS: disk keys cross the network in the clear; see --enable-tls": {
    level: "warn",
    fields: "",
    meaning: "`talos_kms_plaintext` is 1.",
  },
  "the keyring is for trying out and tests: whoever has its file has every node's disk key": {
    level: "warn",
    fields: "",
    meaning: "`KMS_BACKEND=keyring`.",
  },
  "logs in to vault": {
    level: "info",
    fields: "method, passedOver",
    meaning:
      "The method that was chosen, and those that are configured too. `VAULT_AUTH_METHOD` decides otherwise.",
  },
  "logged in to vault": {
    level: "info",
    fields: "method, renewable, ttlSeconds",
    meaning: "Without `ttlSeconds` the token does not end.",
  },
  "can't log in to vault": {
    level: "error",
    fields: "method, error, reasons, retryInMs",
    meaning: "`reasons` are Vault's own words. It is tried again, ever more slowly, up to every 5 minutes.",
  },
  "renewed vault's token": { level: "debug", fields: "ttlSeconds", meaning: "It lives on for so long." },
  "can't renew vault's token": {
    level: "warn",
    fields: "error, retryInMs",
    meaning: "Tried again; before the token ends there is a login in its place, where the method can.",
  },
  "vault's token ends and nothing here replaces it": {
    level: "warn",
    fields: "method, inSeconds",
    meaning: "A given token. Give a new one (a token file is read again), or use another method.",
  },
  "vault no longer takes the token": {
    level: "error",
    fields: "method",
    meaning: "Revoked or expired. A login follows where the method can; a given token has to be replaced.",
  },
  "the token may not look itself up: its role lacks the default policy": {
    level: "warn",
    fields: "method",
    meaning:
      "After a 403 nothing tells a bad token from a policy, and the token can't renew itself. Leave `token_no_default_policy` off.",
  },
  "the wrapped secret-id was opened by somebody else, or is not of this role": {
    level: "error",
    fields: "error",
    meaning:
      "Somebody may have the secret-id: destroy it, look into who had the wrapping token, wrap a new one.",
  },
  "can't revoke vault's token; it ends by itself": {
    level: "warn",
    fields: "error",
    meaning: "At the end. Only tokens of own logins are revoked, never a given one.",
  },
  "vault warns": {
    level: "warn",
    fields: "operation, warnings",
    meaning: "Vault's answer came with warnings; they are Vault's words.",
  },
  "vault's state": {
    level: "info, warn",
    fields: "state, status, version",
    meaning: "By `sys/health`, each time it changes. Readiness goes off 30 s after it was last usable.",
  },
  "the canary key seals and unseals": {
    level: "info",
    fields: "key",
    meaning: "`KMS_CANARY_KEY`, at first and after a failure.",
  },
  "the canary key does not seal and unseal": {
    level: "warn",
    fields: "key, error",
    meaning: "Policy, mount or Vault; `talos_kms_canary_ok` is 0. Readiness does not depend on it.",
  },
  "took changed files": {
    level: "info",
    fields: "source",
    meaning: "`vault-tls`, `vault-credentials` or `keyring`: what changed on the disk is in force.",
  },
  "can't take changed files, what was there stays": {
    level: "error",
    fields: "source, error",
    meaning: "Damaged, or not taken by Vault.",
  },
  leads: { level: "info", fields: "identity, leader", meaning: "This replica holds the Lease and answers." },
  follows: { level: "info", fields: "identity, leader", meaning: "Another one does, or none." },
  "can't reach the lease": {
    level: "warn",
    fields: "error",
    meaning:
      "The API server, or the rights of the service account: [leader election](../guides/kms-deployment.md#leader-election).",
  },
  "can't keep the leader file": {
    level: "debug",
    fields: "error",
    meaning: "`/tmp/leader` can't be written on a read-only root. Nothing here needs it.",
  },
};

export const KMS_NOTES: ProgramNotes = { name: "kms-vault", answers: ANSWERS, reasons: "literal", log: LOG };
