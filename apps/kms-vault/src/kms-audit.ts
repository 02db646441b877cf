import { createAuditLog, type AuditLogOptions } from "@talos-bridge/grpc-server";
import { maskUuid, type NodeUuid } from "./node-uuid.ts";

export type Operation = "seal" | "unseal";

export interface KmsAudit {
  /** A node was given its ciphertext or its key. Always told. */
  served(record: {
    readonly operation: Operation;
    readonly peer: string;
    readonly uuid: NodeUuid;
    readonly keyVersion: number;
    readonly warning?: string | undefined;
  }): void;
  refused(record: RefusedRecord): void;
  /** Writes the summary of what is still held back. Call it once a second and at the end. */
  readonly flush: () => void;
}

export interface RefusedRecord {
  readonly operation: Operation | "unknown";
  readonly peer: string;
  readonly code: string;
  readonly reason: string;
  readonly uuid?: NodeUuid | undefined;
  /** Of a UUID that was refused: its length, and its beginning, escaped. */
  readonly refusedUuid?: { readonly length: number; readonly start: string } | undefined;
  /** What the backend said, in words that hold no secret. */
  readonly detail?: string | undefined;
}

export interface KmsAuditOptions extends AuditLogOptions {
  /** `masked`: the Go proxy's form. */
  readonly uuidForm: "full" | "masked";
}

/** One line per decision. Data and ciphertext are never in it. */
export function createKmsAudit({ uuidForm, ...options }: KmsAuditOptions): KmsAudit {
  const { granted, refused, flush } = createAuditLog(options);
  const shown = (uuid: NodeUuid): string => (uuidForm === "masked" ? maskUuid(uuid) : uuid);
  return {
    served: ({ operation, uuid, ...record }) =>
      granted(operation === "seal" ? "sealed" : "unsealed", { ...record, uuid: shown(uuid) }),
    refused: ({ uuid, ...record }) => refused({ ...record, ...(uuid && { uuid: shown(uuid) }) }),
    flush,
  };
}
