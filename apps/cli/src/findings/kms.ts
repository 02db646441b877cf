import type { FindingNote } from "./note.ts";

/** Of a KMS and its address. */
export const KMS_FINDINGS = {
  "kms-plaintext": {
    title: "disk keys go over the network in plaintext",
    cause:
      "Talos takes an endpoint without a scheme, and `grpc://`, for plaintext: whoever is on the way reads the keys of the disks.",
    cure: "Write `https://HOST:PORT` into the machine configuration, and run kms-vault with `--enable-tls`.",
  },
  "kms-endpoint": {
    title: "a KMS endpoint that Talos can't use",
    cause: "It has a scheme or a form that Talos does not read.",
    cure: "`https://HOST:PORT`.",
  },
  "kms-state-trust": {
    title: "a KMS that STATE can't trust",
    says: ["x509: certificate signed by unknown authority"],
    cause:
      "STATE is unlocked before the machine configuration is read, which is on it: a node knows the CAs of its image alone, and hangs at boot (siderolabs/talos#10542).",
    cure: "Give the KMS a certificate of a public CA, put your CA into the image (`--image-ca` tells this command), or encrypt STATE with another key and only EPHEMERAL with the KMS.",
  },
  "kms-refused": {
    title: "the KMS refuses",
    says: ["PermissionDenied", "InvalidArgument"],
    cause:
      "The node's UUID is refused by the policy, its key is not there (`KMS_KEY_POLICY=precreate`), or Vault's policy may not `create`.",
    cure: "`talos-bridge kms policy` prints the policy that is needed. A refused UUID: kms-vault's log names the setting.",
  },
  "kms-failed": {
    title: "the KMS can't do its work",
    says: ["Unavailable", "DeadlineExceeded"],
    cause: "Vault is sealed, not reachable or slow, the KMS is not logged in, or it is a follower.",
    cure: "`/readyz?verbose` of kms-vault on port 8081 says which. Talos gives up after 10 s.",
  },
} as const satisfies Readonly<Record<string, FindingNote>>;
