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

export interface AuditOptions {
  readonly write: (
    level: "info" | "warn",
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number;
}

const REFUSALS_A_SECOND = 10;
/** Names listed in one line. A worker has a handful; who asks for hundreds must not fill a disk with them. */
const NAMES_A_LINE = 16;

/** The first names, and how many more there were. */
function listed<T>(names: readonly T[]): readonly (T | string)[] {
  const more = names.length - NAMES_A_LINE;
  return more > 0 ? [...names.slice(0, NAMES_A_LINE), `and ${more} more`] : names;
}

/**
 * One line per decision. A certificate that was signed is always told; refusals are told up to ten a second, and the
 * rest as one line of counts, so that a flood of wrong tokens cannot fill a disk or hide what was signed.
 */
export function createAudit({ write, monotonic }: AuditOptions): Audit {
  let second = Number.NEGATIVE_INFINITY;
  let told = 0;
  let held = new Map<string, number>();

  function flush(): void {
    if (held.size === 0) return;
    const reasons = Object.fromEntries(held);
    held = new Map();
    write("warn", "refused, not told one by one", { reasons });
  }

  return {
    signed: (record) =>
      write("info", "signed", { ...record, sans: listed(record.sans), leftOut: listed(record.leftOut) }),
    refused(record) {
      const now = Math.floor(monotonic() / 1000);
      if (now !== second) {
        flush();
        second = now;
        told = 0;
      }
      if (told < REFUSALS_A_SECOND) {
        told++;
        write("warn", "refused", { ...record, ...(record.sans && { sans: listed(record.sans) }) });
      } else {
        held.set(record.reason, (held.get(record.reason) ?? 0) + 1);
      }
    },
    flush,
  };
}
