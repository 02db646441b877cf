import type { NodeUuid } from "./node-uuid.ts";

export interface SealCall {
  readonly uuid: NodeUuid;
  /** Ends when the caller goes away or its deadline passes. */
  readonly signal: AbortSignal;
}

/** Where nodes' keys are kept. Everything thrown is a SealError; nothing but the true plaintext is ever returned. */
export interface SealBackend {
  /** Seals, and gives a ciphertext only after it has unsealed it again to the same bytes. */
  seal(call: SealCall & { readonly data: Uint8Array }): Promise<Sealed>;
  /** `typed`: the UUID as the node wrote it, where that is not lower case: the Go proxy named keys so. */
  unseal(
    call: SealCall & { readonly ciphertext: Uint8Array; readonly typed: string | undefined },
  ): Promise<Unsealed>;
}

export interface Sealed {
  /** ASCII, as it goes to the node. */
  readonly ciphertext: Uint8Array;
  readonly keyVersion: number;
}

export interface Unsealed {
  readonly data: Uint8Array;
  readonly keyVersion: number;
}
