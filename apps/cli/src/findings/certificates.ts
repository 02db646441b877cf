import type { FindingNote } from "./note.ts";

/** Of certificates, keys and chains. */
export const CERTIFICATE_FINDINGS = {
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
} as const satisfies Readonly<Record<string, FindingNote>>;
