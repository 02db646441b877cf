// What each error code and each finding of secrets-bundle means and what to do about it. `tsc` holds the lists to the unions.
import type { FindingCode, SecretsBundleErrorCode } from "@talos-bridge/secrets-bundle";
import type { Note } from "./error-notes.ts";

export const BUNDLE_NOTES: Readonly<Record<SecretsBundleErrorCode, Note>> = {
  ERR_BUNDLE_TOO_LARGE: {
    cause: "Over 1 MiB, 50,000 lexical parts, 32 levels or 100 aliases.",
    cure: "Look at what is in the file; no config that talosctl wrote comes near.",
  },
  ERR_BUNDLE_ENCODING: {
    cause:
      "Not UTF-8, or with characters that YAML does not allow, or with line breaks (a lone CR, NEL, LS, PS) at which Talos ends a comment and other readers do not.",
    cure: "Save it as UTF-8 text with LF or CRLF at the ends of lines.",
  },
  ERR_BUNDLE_YAML: {
    cause: "Not valid YAML at that line and column, or merge keys (`<<`), or keys that are no text.",
    cure: "Correct that line; write merged fields out.",
  },
  ERR_BUNDLE_DUPLICATE_KEY: {
    cause: "A key is there twice, or a field in two spellings: readers differ on which counts.",
    cure: "Keep the right one.",
  },
  ERR_BUNDLE_DOCUMENTS: {
    cause: "Empty, or several YAML documents where there must be one.",
    cure: "Split the file. Talos would read the first document alone.",
  },
  ERR_BUNDLE_KIND: {
    cause: "The file is something else: no secrets bundle, talosconfig or machine config.",
    cure: "Check that the option names the file it should.",
  },
  ERR_BUNDLE_ENCRYPTED: {
    cause: "The file is encrypted with SOPS.",
    cure: "`sops -d secrets.yaml | …`, and `-` in the file's place.",
  },
  ERR_BUNDLE_REDACTED: {
    cause: "Values were taken out: `REDACTED` or asterisks stand in their place.",
    cure: "Take the values from where they are whole.",
  },
  ERR_BUNDLE_INVALID: {
    cause: "Fields are missing, not readable, or do not belong together. The message names all of them.",
    cure: "See each finding below.",
  },
  ERR_BUNDLE_FIELD: { cause: "No field has this path.", cure: "Take one of the list in the message." },
  ERR_BUNDLE_ABSENT: {
    cause:
      "The field exists, but this bundle has the other of two: aescbc before Talos 1.3, secretbox since.",
    cure: "Ask for the other.",
  },
  ERR_BUNDLE_EDIT: {
    cause:
      "Aliases, or lists and mappings in brackets, which can't be changed in place without touching something else.",
    cure: "Write that part out in lines.",
  },
  ERR_BUNDLE_INPUT: {
    cause:
      "A version, endpoint, name or slot that can't be written into a file, or a random source that is none.",
    cure: "The message says which, and what it should be like.",
  },
  ERR_BUNDLE_FILE: {
    cause: "A file of the Kubernetes PKI folder can't be read; the system's error is the cause.",
    cure: "Needed are ca, etcd/ca and front-proxy-ca, `.crt` and `.key` each, and sa.key: all on a kubeadm control plane.",
  },
};

export const FINDING_NOTES: Readonly<Record<FindingCode, Note>> = {
  unreadable: { cause: "The file can't be read at all.", cure: "See the error codes above." },
  encrypted: { cause: "Encrypted with SOPS.", cure: "Decrypt the file first." },
  redacted: { cause: "The value was taken out.", cure: "Take the file from where it is whole." },
  spelling: {
    cause: "Fields in capitals, as in JSON and older guides: talosctl reads them as missing.",
    cure: "Write the file anew; field names become lower case.",
  },
  missing: { cause: "A field that Talos needs is not there.", cure: "Take the file from where it is whole." },
  ambiguous: {
    cause: "Two fields exclude each other.",
    cure: "Remove the one that the cluster does not use.",
  },
  type: { cause: "A list or mapping where text belongs.", cure: "Correct the field." },
  base64: {
    cause: "Certificates and keys are base64 of PEM; this is not.",
    cure: "`base64 -w0 FILE`, and nothing lost in copying.",
  },
  certificate: { cause: "No certificate that can be read.", cure: "Take the right file; not the key's." },
  key: {
    cause: "No private key that can be read, or an encrypted one.",
    cure: "Take the right file, decrypted.",
  },
  context: {
    cause: "The talosconfig's current context is none of its contexts.",
    cure: "`talosctl config context NAME`.",
  },
  "key-mismatch": {
    cause: "The key belongs to another certificate: parts of two clusters or two rotations were mixed.",
    cure: "Take both from the same place.",
  },
  "not-a-ca": { cause: "The certificate may not issue others.", cure: "Take the CA's certificate." },
  "intermediate-ca": {
    cause: "The CA was issued by another one. Talos trusts what is in its configs, and that alone, as roots.",
    cure: "Use a self-signed CA.",
  },
  "several-certificates": {
    cause: "More than one certificate in a field; Talos reads the first.",
    cure: "Keep one; others go to `machine.acceptedCAs`.",
  },
  "weak-key": {
    cause: "RSA of fewer than 2048 or more than 8192 bits.",
    cure: "Rotate that CA.",
  },
  "weak-signature": { cause: "Signed with MD5 or SHA-1.", cure: "Rotate that CA." },
  "bad-signature": { cause: "The certificate was changed after it was signed.", cure: "Take it again." },
  "not-yet-valid": { cause: "Valid later.", cure: "Check the clock here and where it was made." },
  expired: { cause: "Its time is over.", cure: "Make a new talosconfig, or rotate the CA." },
  expiring: {
    cause: "Its time is over soon.",
    cure: "Plan the rotation now; of a CA it takes several steps.",
  },
  "foreign-ca": {
    cause: "The config trusts another CA than the bundle's: it was made of other secrets.",
    cure: "Make the config of this bundle, or accept both CAs during a rotation.",
  },
  "foreign-value": {
    cause: "A token, id or secret is not the bundle's.",
    cure: "Make the config of this bundle, or take the bundle that it was made of.",
  },
  "unknown-authority": {
    cause: "The client certificate was not issued by the CA beside it.",
    cure: "Make a new talosconfig from the bundle.",
  },
  "no-client-auth": {
    cause:
      "The certificate lacks the client-auth usage. Talosconfigs of old clusters do, and apid refuses them.",
    cure: "Make a new talosconfig from the bundle.",
  },
  "key-on-worker": { cause: "A worker's config has a CA's key. Talos refuses it.", cure: "Remove the key." },
  "token-shape": {
    cause: "The token is not like Talos's and kubeadm's, or can't be sent.",
    cure: "For the bootstrap token: make a new one. For the join token: compare it with the signer's.",
  },
  "secret-shape": { cause: "Not base64 of as many bytes as it must be.", cure: "Copy it again, whole." },
  "kms-plaintext": {
    cause: "`grpc://`, or no scheme, which means it: the disk's key travels in the clear.",
    cure: "Serve the KMS with TLS and write `https://`.",
  },
  "kms-endpoint": { cause: "No host and port that a node can dial.", cure: "`https://HOST:PORT`." },
  endpoint: {
    cause: "The talosconfig names no endpoint, or a machine config's control plane is no URL with a host.",
    cure: "`talosctl config endpoint HOST`; `https://HOST:PORT`.",
  },
};
