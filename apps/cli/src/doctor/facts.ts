import type { Certificate } from "@talos-bridge/pki";
import type { Endpoint } from "../endpoint.ts";
import type { FindingId, Problem } from "../finding-table.ts";

/** Why something could not be had, in place of it. */
export interface Failure {
  readonly ok: false;
  readonly id: FindingId;
  readonly message: string;
}

/** What a TLS server shows; its own certificate first. */
export type TlsFact =
  | {
      readonly ok: true;
      readonly leaf: Certificate;
      readonly intermediates: readonly Certificate[];
      readonly protocol: string;
    }
  | Failure;

/** What a signer answered to a request, as a worker would have it. */
export type SigningFact =
  | {
      readonly ok: true;
      readonly leaf: Certificate;
      readonly roots: readonly Certificate[];
      readonly ms: number;
    }
  | Failure;

export type RoundTripFact =
  { readonly ok: true; readonly sealMs: number; readonly unsealMs: number } | Failure;

export interface FileFact {
  readonly path: string;
  readonly what: "secrets bundle" | "machine config" | "talosconfig" | "join token";
  readonly problems: readonly Problem[];
}

export interface ServerFact {
  readonly what: "apid" | "kube-apiserver";
  readonly endpoint: Endpoint;
  readonly tls: TlsFact;
}

export interface SignerFact {
  readonly endpoint: Endpoint;
  readonly tls: TlsFact;
  /** Undefined: not asked, because its certificate is not trusted, or there is no token to ask with. */
  readonly signing: SigningFact | undefined;
}

export interface KmsFact {
  /** As it is written: whether that means TLS is part of the question. */
  readonly url: string;
  /** The same as Talos reads it. */
  readonly endpoint: Endpoint;
  /** Whether a machine config has it, which has a check of its own. */
  readonly inFile: boolean;
  /** Whether the volume STATE, or its key, is sealed with it. */
  readonly forState: boolean;
  /** Undefined where the address means plaintext. */
  readonly tls: TlsFact | undefined;
  /** Undefined: not tried, because its certificate is not trusted, or no node's UUID is given. */
  readonly roundTrip: RoundTripFact | undefined;
}

/** The client that the current context of a talosconfig is. */
export interface ClientFact {
  readonly path: string;
  readonly context: string;
  readonly leaf: Certificate;
  readonly intermediates: readonly Certificate[];
}

/** All that the checks look at. Nothing here is a secret. */
export interface Facts {
  readonly now: Date;
  /** Milliseconds before its end from which on a certificate is told to expire soon. */
  readonly expiringWithinMs: number;
  readonly files: readonly FileFact[];
  /** CAs that a worker trusts for the Talos API and the signer; undefined where none is known. */
  readonly talosCas: readonly Certificate[] | undefined;
  /** The CA of the secrets bundle, or of `--ca`: the cluster's own. */
  readonly ownCa: Certificate | undefined;
  readonly kubernetesCas: readonly Certificate[] | undefined;
  /** CAs that a Talos image has. */
  readonly imageCas: readonly Certificate[];
  /** CAs that the KMS is trusted by once the machine configuration is read. */
  readonly kmsCas: readonly Certificate[];
  readonly client: ClientFact | undefined;
  readonly signer: SignerFact | undefined;
  readonly servers: readonly ServerFact[];
  readonly kms: readonly KmsFact[];
}
