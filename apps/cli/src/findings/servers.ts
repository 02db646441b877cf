import type { FindingNote } from "./note.ts";

/** Of what signers, nodes and Kubernetes say over the network. */
export const SERVER_FINDINGS = {
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
} as const satisfies Readonly<Record<string, FindingNote>>;
