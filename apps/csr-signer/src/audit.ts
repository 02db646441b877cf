import { createAuditLog, type AuditLogOptions } from "@talos-bridge/grpc-server";

/** What the log keeps of one decision. Names are the CSR's own text and are escaped by the log. */
export interface SignedRecord {
  readonly peer: string;
  readonly tokenId: string;
  readonly commonName: string;
  readonly sans: readonly string[];
  readonly keyType: string;
  readonly serial: string;
  readonly notAfter: string;
  readonly dropped: readonly string[];
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

export interface RefusedRecord {
  readonly peer: string;
  readonly method: string;
  readonly code: string;
  readonly reason: string;
  readonly tokenId?: string;
  readonly commonName?: string;
  readonly sans?: readonly string[];
  readonly keyType?: string;
}

export interface Audit {
  signed(record: SignedRecord): void;
  refused(record: RefusedRecord): void;
  /** Writes the summary of what is still held back. Call it once a second and at the end. */
  readonly flush: () => void;
}

/** Names listed in one line. A worker has a handful; who asks for hundreds must not fill a disk with them. */
const NAMES_A_LINE = 16;

/** The first names, and how many more there were. */
function listed<T>(names: readonly T[]): readonly (T | string)[] {
  const more = names.length - NAMES_A_LINE;
  return more > 0 ? [...names.slice(0, NAMES_A_LINE), `and ${more} more`] : names;
}

/** One line per decision. A certificate that was signed is always told, refusals up to ten a second. */
export function createAudit(options: AuditLogOptions): Audit {
  const { granted, refused, flush } = createAuditLog(options);
  return {
    signed: (record) =>
      granted("signed", { ...record, sans: listed(record.sans), leftOut: listed(record.leftOut) }),
    refused: (record) => refused({ ...record, ...(record.sans && { sans: listed(record.sans) }) }),
    flush,
  };
}
