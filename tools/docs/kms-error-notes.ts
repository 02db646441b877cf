// What the codes of kms-vault and of its packages mean and what to do about them. A code without a note, or a note without a
// code, fails `tsc`.
import type { KeyringErrorCode } from "@talos-bridge/keyring";
import type { LeaderErrorCode } from "@talos-bridge/leader";
import type { VaultErrorCode } from "@talos-bridge/vault";
import type { SealErrorCode } from "../../apps/kms-vault/src/seal-error.ts";
import type { Notes } from "./error-notes.ts";

export const SEAL_NOTES: Notes<SealErrorCode> = {
  ERR_KMS_MALFORMED: {
    cause: "The data does not begin as a ciphertext of this backend does.",
    cure: "The node was sealed by another KMS or backend: point it back there, or seal it anew.",
  },
  ERR_KMS_REFUSED: {
    cause: "Another node's ciphertext, no node's, a cut or changed one; or the key's version was taken away.",
    cure: "Does `vault read transit/keys/UUID` show the key, and a `min_decryption_version` not above the node's? See [disaster recovery](../guides/disaster-recovery.md).",
  },
  ERR_KMS_UNKNOWN_NODE: {
    cause: "The node has no key, and none is made.",
    cure: "Make it: `vault write -f transit/keys/UUID`, in lower case.",
  },
  ERR_KMS_FORBIDDEN: {
    cause: "Vault's policy forbids it although the token is good.",
    cure: "Compare the role's policy with [the guide's](../guides/kms-auth.md#policy).",
  },
  ERR_KMS_KEY_UNUSABLE: {
    cause: "The key can't encrypt as it is asked to: one for signatures, or a derived one.",
    cure: "Keys are `aes256-gcm96` and not derived. One that never sealed anything can be deleted and made again.",
  },
  ERR_KMS_NOT_UNSEALABLE: {
    cause: "What was sealed did not come back the same.",
    cure: "Something between here and Vault's storage changes data. Seal nothing until it is found.",
  },
  ERR_KMS_UNAVAILABLE: {
    cause: "Vault can't serve now, or there is no valid token.",
    cure: "The log says which: `vault's state`, `can't log in to vault`. Nodes try again by themselves.",
  },
  ERR_KMS_ABORTED: { cause: "The caller went away.", cure: "Nothing to do." },
};

export const VAULT_NOTES: Notes<VaultErrorCode> = {
  ERR_VAULT_UNAVAILABLE: {
    cause: "No connection, a 5xx, 412, or a standby without an active node.",
    cure: "Address, network, certificate; then Vault's own log.",
  },
  ERR_VAULT_SEALED: { cause: "Vault is sealed.", cure: "Unseal it; set up auto-unseal." },
  ERR_VAULT_RATE_LIMITED: {
    cause: "429 until the time of the call was over.",
    cure: "Raise Vault's quota for the transit mount: a site that boots asks once per volume and node.",
  },
  ERR_VAULT_TIMEOUT: {
    cause: "No whole answer in time.",
    cure: "Vault is frozen, overloaded, or packets get lost. Its telemetry tells.",
  },
  ERR_VAULT_BAD_RESPONSE: {
    cause: "Not Vault's JSON, or half of it.",
    cure: "Is a proxy or a login page in between? `VAULT_ADDR` must lead to Vault itself.",
  },
  ERR_VAULT_REDIRECTED: {
    cause: "A second redirect, or one from https to http.",
    cure: "Correct `api_addr` of Vault's nodes.",
  },
  ERR_VAULT_UNAUTHENTICATED: {
    cause: "There is no valid token, and no login gave one.",
    cure: "See `can't log in to vault`; [logins](../guides/kms-auth.md) method by method.",
  },
  ERR_VAULT_MOUNT_MISSING: {
    cause: "404: no such mount or namespace.",
    cure: "`--mount-path`, `VAULT_NAMESPACE`; `vault secrets list`.",
  },
  ERR_VAULT_FORBIDDEN: { cause: "403 with a valid token: a policy.", cure: "See `ERR_KMS_FORBIDDEN`." },
  ERR_VAULT_KEY_NOT_FOUND: {
    cause: "400 `encryption key not found`.",
    cure: "For Unseal: the key was deleted, or the UUID changed with the board or its firmware.",
  },
  ERR_VAULT_REJECTED: { cause: "Any other 400.", cure: "See `ERR_KMS_REFUSED` and `ERR_KMS_KEY_UNUSABLE`." },
  ERR_VAULT_UNSUPPORTED: { cause: "405.", cure: "Is the mount of type `transit`?" },
  ERR_VAULT_ABORTED: { cause: "The caller's signal.", cure: "Nothing to do." },
  ERR_VAULT_STOPPED: { cause: "The session was stopped.", cure: "Nothing to do: the program ends." },
  ERR_VAULT_ARGUMENT: {
    cause: "A key name, path or option that is never sent.",
    cure: "Correct `--mount-path`, `KMS_CANARY_KEY` or a mount path of `VAULT_*`.",
  },
  ERR_VAULT_CREDENTIALS: {
    cause: "A credential that can't be read or can't work: an empty file, a token with limited uses.",
    cure: "Look at the file; `token_num_uses` of the role must be 0.",
  },
  ERR_VAULT_WRAPPING: {
    cause: "A wrapped secret-id that somebody else may have read.",
    cure: "Destroy the secret-id, find out who had the wrapping token, wrap a new one.",
  },
};

export const KEYRING_NOTES: Notes<KeyringErrorCode> = {
  ERR_KEYRING_ABSENT: {
    cause: "There is no file, and none was to be made.",
    cure: "A lost volume? Put the backup back. A first start: `KMS_KEYRING_CREATE=true`.",
  },
  ERR_KEYRING_DAMAGED: {
    cause: "Cut, changed or not whole.",
    cure: "Put the backup back. It is never written over.",
  },
  ERR_KEYRING_FOREIGN: { cause: "A file that is no keyring.", cure: "Correct `KMS_KEYRING_PATH`." },
  ERR_KEYRING_VERSION: { cause: "A keyring of a newer format.", cure: "Use the newer program." },
  ERR_KEYRING_CHANGED: {
    cause: "The file has lost keys that this process holds.",
    cure: "An old backup was put back: put the newest one there.",
  },
  ERR_KEYRING_LOCKED: {
    cause: "Another process is writing, or ended while it was.",
    cure: "If none writes, remove the `.lock` file that the message names.",
  },
  ERR_KEYRING_FULL: { cause: "As many keys as fit.", cure: "Rotate less often." },
  ERR_KEYRING_FILE: {
    cause: "The system could not read or write.",
    cure: "`cause` says why: mode, owner, space.",
  },
  ERR_KEYRING_UUID: { cause: "The node's UUID is none.", cure: "A mistake in a program: report it." },
  ERR_KEYRING_SIZE: { cause: "Over 64 KiB of data.", cure: "Lower `KMS_SEAL_SIZE`." },
  ERR_KEYRING_MALFORMED: {
    cause: "A text that does not begin as the keyring's ciphertext does.",
    cure: "See `ERR_KMS_MALFORMED`.",
  },
  ERR_KEYRING_REFUSED: {
    cause: "Another node's ciphertext, an unknown key's, a cut or changed one.",
    cure: "Is it the right keyring?",
  },
};

export const LEADER_NOTES: Notes<LeaderErrorCode> = {
  ERR_LEADER_DURATIONS: {
    cause: "Durations that contradict each other.",
    cure: "Lease duration above renew deadline, that above 1.2 times the retry period.",
  },
  ERR_LEADER_NAME: {
    cause: "An identity, lease name or namespace that is none.",
    cure: "Correct the setting that the fault names.",
  },
  ERR_LEADER_CONFLICT: {
    cause: "Somebody else wrote the Lease first.",
    cure: "Nothing to do: it is tried again.",
  },
  ERR_LEADER_FORBIDDEN: {
    cause: "The API refuses the token (401) or the request (403).",
    cure: "Bind the Role of [the guide](../guides/kms-deployment.md#leader-election) to the pod's service account.",
  },
  ERR_LEADER_API: {
    cause: "The API could not be reached, or answered with another status.",
    cure: "The message has it.",
  },
  ERR_LEADER_ANSWER: {
    cause: "The API's answer is no Lease.",
    cure: "Is something between the pod and the API server?",
  },
  ERR_LEADER_TIMEOUT: { cause: "An attempt took too long.", cure: "Load or network of the API server." },
};
