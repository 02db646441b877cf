/** What a check can find: what it means, and what to do. docs/reference/findings.md is made from the table. */
export interface FindingNote {
  readonly title: string;
  /** What other programs say when they meet it: talosctl, a worker, crypto/tls of Go, OpenSSL. */
  readonly says?: readonly string[];
  readonly cause: string;
  readonly cure: string;
}

/** Ids are never used again for something else: they are anchors that people keep. */
export const FINDINGS = {
  // certificates
  expired: {
    title: "a certificate has expired",
    says: [
      "x509: certificate has expired",
      "x509: certificate has expired or is not yet valid: current time … is after …",
      "remote error: tls: expired certificate",
    ],
    cause: "Nobody renewed it in time, or this machine's clock is ahead.",
    cure: "A talosconfig: make a new one from the secrets bundle with `talos-bridge config talosconfig`. A node's: it renews by itself as long as the signer answers; `talos-bridge csr test` shows whether it does. A serving certificate: renew it where it comes from, the signer and kms-vault take the new file by themselves. A CA: docs/guides/rotation.md.",
  },
  expiring: {
    title: "a certificate expires soon",
    cause: "It is near its end, and does not renew itself.",
    cure: "Make a new one before that day. `talos-bridge pki needs-renewal` in a timer tells in time.",
  },
  "not-yet-valid": {
    title: "a certificate is not valid yet",
    says: ["x509: certificate has expired or is not yet valid: current time … is before …"],
    cause: "The clock of whoever made it is ahead, or the clock here is behind.",
    cure: "Set the clocks: `talosctl time -n NODE` compares a node's with a time server's. Nodes without a battery need NTP before anything else.",
  },
  "unknown-authority": {
    title: "signed by an authority that is not trusted",
    says: [
      "x509: certificate signed by unknown authority",
      "remote error: tls: unknown certificate authority",
      "remote error: tls: bad certificate",
      "unable to get local issuer certificate",
    ],
    cause:
      "The certificate comes from another CA than the one that it was checked with: another cluster's, or one from before a rotation.",
    cure: "Take both from one secrets bundle: `certs.os` for the Talos API and the signer, `certs.k8s` for Kubernetes. `talos-bridge pki inspect` shows issuer and key identifiers of both sides.",
  },
  "other-key": {
    title: "the CA has the right name and another key",
    says: [
      'x509: certificate signed by unknown authority (possibly because of "x509: Ed25519 verification failure" while trying to verify candidate authority certificate "talos")',
      "certificate signature failure",
    ],
    cause:
      "All Talos CAs are called `talos`: this one belongs to another cluster, or to the time before a rotation.",
    cure: "Compare the fingerprints with `talos-bridge pki inspect`, and take the CA that goes with the certificate.",
  },
  "no-client-auth": {
    title: "a client's certificate without client-auth usage",
    says: [
      "certificate is missing the client auth extended key usage",
      "x509: certificate specifies an incompatible key usage",
    ],
    cause:
      "The talosconfig was made by a Talos of long ago, or with openssl and the wrong usage. Since Talos 1.12 apid refuses such certificates.",
    cure: "Make a new talosconfig from the secrets bundle: `talos-bridge config talosconfig --secrets secrets.yaml …`.",
  },
  "no-server-auth": {
    title: "a server's certificate without server-auth usage",
    says: ["x509: certificate specifies an incompatible key usage"],
    cause: "The certificate was made for something else: for a client, or as a CA.",
    cure: "Issue it with the usages `digital signature` and `server auth`.",
  },
  "wrong-name": {
    title: "a certificate that is not valid for the address in use",
    says: [
      "x509: certificate is valid for …, not …",
      "x509: cannot validate certificate for … because it doesn't contain any IP SANs",
      "x509: certificate relies on legacy Common Name field, use SANs instead",
    ],
    cause:
      "The address or name in use is not among the certificate's alternative names. Often the VIP or the load balancer's address was forgotten, or is the only one there.",
    cure: "The signer's: add every address that workers use to `ipAddresses` of its Certificate, or to `SERVER_IPS`. A worker's: use one of its own addresses as endpoint, or add the address to `machine.certSANs`.",
  },
  "not-a-ca": {
    title: "a certificate that is no CA stands where a CA must",
    says: [
      "x509: certificate is not authorized to sign other certificates",
      "x509: invalid signature: parent certificate cannot sign this kind of certificate",
    ],
    cause: "Certificate and CA were swapped, or the CA was made without `CA:TRUE` and `keyCertSign`.",
    cure: "Take the CA's own certificate. A CA of your own must be made with basicConstraints `CA:TRUE` and key usage `keyCertSign`.",
  },
  "intermediate-ca": {
    title: "an intermediate CA",
    cause: "Talos knows roots alone: what is trusted must be signed by itself.",
    cure: "Use a root CA of its own for the cluster. It costs nothing to have one, and it can be rotated by itself.",
  },
  "several-certificates": {
    title: "several certificates where one is read",
    cause: "Talos reads the first certificate of the field, and passes over the rest.",
    cure: "Leave the CA alone in `ca`; others that are trusted belong in `machine.acceptedCAs`.",
  },
  "weak-key": {
    title: "a key that is too weak",
    cause: "RSA below 2048 bits, a curve that is not allowed, or a key that is known to be bad.",
    cure: "Make a new key. Talos's own kinds are Ed25519, ECDSA P-256 and RSA 4096.",
  },
  "weak-signature": {
    title: "a signature with MD5 or SHA-1",
    says: ["x509: cannot verify signature: insecure algorithm SHA1-RSA"],
    cause: "The certificate was made by an old tool.",
    cure: "Issue it again with SHA-256 or better.",
  },
  "bad-signature": {
    title: "a signature that does not verify",
    cause: "The certificate was damaged or changed after it was signed.",
    cure: "Take it anew from where it was made.",
  },
  "path-length": {
    title: "too many CAs in a chain",
    says: ["x509: too many intermediates for path length constraint"],
    cause:
      "A CA says how many others may stand below it, and there are more; or the chain is too long altogether.",
    cure: "Issue the certificate from the root itself.",
  },
  "unsupported-extension": {
    title: "a critical extension that is not understood",
    says: ["x509: unhandled critical extension"],
    cause: "The certificate says that whoever does not understand the extension must refuse it.",
    cure: "Issue it without the extension.",
  },
  certificate: {
    title: "a certificate that can't be read",
    says: ["tls: failed to find any PEM data in certificate input", "x509: malformed certificate"],
    cause:
      "Not PEM, base64 that was decoded twice or not at all, or a certificate that breaks a rule of its form.",
    cure: "`talos-bridge pki inspect FILE` says what is in the file, block by block.",
  },
  key: {
    title: "a key that can't be read",
    says: ["tls: failed to parse private key"],
    cause:
      "Not PEM, encrypted, of a type that is not supported, or under a label that does not fit: Talos writes `ED25519 PRIVATE KEY` where others write `PRIVATE KEY`.",
    cure: "`talos-bridge pki convert-key FILE --to pkcs8` for other programs, `--to talos` for Talos.",
  },
  "key-mismatch": {
    title: "a key that does not belong to its certificate",
    says: ["tls: private key does not match public key"],
    cause: "Two files of different origin, or one of them was replaced alone.",
    cure: "Take both from one place: `talos-bridge secrets extract certs.os.crt`, and `certs.os.key`.",
  },
  // files
  unreadable: {
    title: "a file that can't be read",
    cause: "Not YAML, not text, too large, or in several documents where one is expected.",
    cure: "The message names line and column.",
  },
  encrypted: {
    title: "values are encrypted with SOPS",
    cause: "The file was checked in encrypted, and was not decrypted before use.",
    cure: "`sops -d secrets.yaml | talos-bridge … -`: the secrets need not touch the disk.",
  },
  redacted: {
    title: "values were taken out",
    cause: "The file is what a tool shows to people: secrets are replaced by a mark.",
    cure: "Take the file itself: of a machine, `talosctl get mc v1alpha1 -o yaml`; of a cluster, the bundle it was made from.",
  },
  spelling: {
    title: "a field is spelled as talosctl does not read it",
    cause: "Fields are spelled as in some guides, with capitals. talosctl reads lower case alone.",
    cure: "`talos-bridge secrets import FILE` writes the bundle as talosctl does.",
  },
  missing: {
    title: "a field is missing",
    cause: "The file was cut, made by hand, or is of another kind.",
    cure: "Take the whole file. `talos-bridge secrets generate` shows what a bundle has.",
  },
  ambiguous: {
    title: "two fields that exclude each other",
    cause: "Both encryption secrets are set, and Talos takes one of them.",
    cure: "Keep the one that the cluster uses: secretbox since Talos 1.3.",
  },
  type: {
    title: "a value of the wrong type",
    cause: "A number, a list or a mapping stands where text must.",
    cure: "Put the value in quotes.",
  },
  base64: {
    title: "a value that is not base64",
    cause: "PEM was put in as it is, or the value was cut.",
    cure: "Talos wants the base64 of the PEM text: `base64 -w0 FILE`.",
  },
  context: {
    title: "a talosconfig's context is not usable",
    cause: "The context that is selected is not there, or lacks certificate, key or CA.",
    cure: "`talosctl config contexts` lists them. Make a new one with `talos-bridge config talosconfig`.",
  },
  "foreign-ca": {
    title: "the CA of another cluster",
    cause: "The file has another CA than the secrets bundle: they were made from different secrets.",
    cure: "Make the file anew from the bundle that the cluster has.",
  },
  "foreign-value": {
    title: "a value of another cluster, or of another use",
    says: ["Unauthenticated: invalid token"],
    cause:
      "The file has another value than the secrets bundle. A common one: `machine.token` is `trustdinfo.token`; `secrets.bootstraptoken` and `cluster.token` are the kubelet's.",
    cure: "`talos-bridge secrets extract trustdinfo.token` gives the one for `machine.token` and `TALOS_TOKEN`.",
  },
  "key-on-worker": {
    title: "a CA's key in a worker's configuration",
    cause:
      "The configuration of a control plane was given to a worker: whoever reads it can make administrators.",
    cure: "Make the worker's anew with `talos-bridge config worker`, and rotate the CA if the file has left your hands.",
  },
  "token-shape": {
    title: "a token of an odd shape",
    cause:
      "Join tokens are 6 and 16 lower-case letters or digits with a point between. A space, a newline or quotes were taken along, or it is another secret.",
    cure: "`talos-bridge secrets extract trustdinfo.token` prints it alone.",
  },
  "secret-shape": {
    title: "a secret of an odd shape",
    cause: "It is not the base64 of 32 bytes.",
    cure: "Take it from the bundle that the cluster was made from. Changing it locks the cluster out of its own data.",
  },
  endpoint: {
    title: "an endpoint that is no address",
    cause: "It lacks the scheme, or has a path, a user, or a port out of range.",
    cure: "The control plane's is `https://HOST:PORT`; a talosconfig's is `HOST` or `HOST:PORT`.",
  },
  // what is asked over the network
  unreachable: {
    title: "nobody answers",
    says: ["connect: connection refused", "i/o timeout", "no route to host", "context deadline exceeded"],
    cause:
      "Nothing listens there, a firewall or a security group drops packets, a load balancer does not carry the port, or the name does not resolve.",
    cure: "The ports are 50001 (signer), 50000 (apid), 6443 (Kubernetes), 8080 (kms-vault), each from where it is used. Service, host port and load balancer must all carry it.",
  },
  "no-tls": {
    title: "no TLS is spoken",
    says: ["tls: first record does not look like a TLS handshake"],
    cause: "Something else listens on the port, or the server runs in plaintext.",
    cure: "Compare the port with the Service's target port. kms-vault speaks TLS with `--enable-tls`.",
  },
  "token-refused": {
    title: "the signer refuses the token",
    says: ["Unauthenticated … invalid token"],
    cause: "It is not `trustdinfo.token` of the signer's bundle, or the signer still has the old one.",
    cure: "Put `talos-bridge secrets extract trustdinfo.token` into the Secret that the signer mounts; it takes a changed token file by itself, `TALOS_TOKEN` at its start alone.",
  },
  "signer-refused": {
    title: "the signer refuses the request",
    says: ["InvalidArgument", "PermissionDenied", "FailedPrecondition", "ResourceExhausted"],
    cause: "A name is not allowed, the CA has expired, or too many ask at once.",
    cure: "The text says which, and docs/reference/errors.md explains each; so does the signer's line `refused`.",
  },
  "signer-answer": {
    title: "the signer's answer is not usable",
    cause:
      "The certificate does not verify with the CAs that came with it, or is of another key: who answers is not a working signer of this cluster.",
    cure: "The signer needs `certs.os` of this cluster's bundle, certificate and key.",
  },
  "accepted-cas": {
    title: "workers would not trust this cluster's CA any more",
    cause: "The signer's answer replaces what a worker trusts, and this cluster's CA is not in it.",
    cure: "Give the signer the CA of this cluster. During a rotation both belong in: `ACCEPTED_CAS_PATH` names the file of those that do not sign.",
  },
  "clock-skew": {
    title: "clocks differ",
    says: ["x509: certificate has expired or is not yet valid"],
    cause:
      "The other side's clock differs from this machine's. By whichever is wrong certificates are refused that are good.",
    cure: "Set the clocks with NTP, of the signer's host first: it dates the certificates of all nodes.",
  },
  // KMS
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

export type FindingId = keyof typeof FINDINGS;

/** One thing that is wrong, as it is shown. Its message never holds a secret. */
export interface Problem {
  readonly id: FindingId;
  /** `error`: it does not work, or is not safe. `warning`: it works today. */
  readonly severity: "error" | "warning";
  readonly message: string;
  /** A command or setting that would help here; the table's cure if not given. */
  readonly fix?: string;
}

/** Where a finding is explained: an anchor of a page in the repository. */
export function findingPage(id: FindingId): string {
  return `docs/reference/findings.md#${id}`;
}

/** A finding's note, with its optional fields. */
export function noteOf(id: FindingId): FindingNote {
  return FINDINGS[id];
}
