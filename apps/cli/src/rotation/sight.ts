import type { Certificate } from "@talos-bridge/pki";
import type { Which } from "./stage.ts";

/** What was seen of a node's Talos API; text = why nothing was. */
export type NodeSight = SeenNode | string;

export interface SeenNode {
  /** As it was sent, the node's own certificate first. */
  readonly chain: readonly Certificate[];
  /** Whether it lets in a client with a certificate of this CA. */
  readonly accepts: Readonly<Record<Which, boolean>>;
}

/** What was seen of a signer; text = why nothing was. */
export type SignerSight = SeenSigner | string;

export interface SeenSigner {
  /** What it serves with, its own certificate first. */
  readonly chain: readonly Certificate[];
  /** The certificate that it signed for a request made for the purpose. */
  readonly leaf: Certificate;
  /** The CAs that came with it, in their order. */
  readonly accepted: readonly Certificate[];
}

/** One look at everything. */
export interface Sights {
  readonly nodes: ReadonlyMap<string, NodeSight>;
  readonly signers: ReadonlyMap<string, SignerSight>;
  /** Serial numbers of the certificates that the signers' audit says were signed; undefined where no audit was given. */
  readonly signedSerials: ReadonlySet<string> | undefined;
}
