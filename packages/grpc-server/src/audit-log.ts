import type { LogFields } from "./log.ts";

/** Tells decisions, one line each, so that refusals can neither fill a disk nor hide what was granted. */
export interface AuditLog {
  /** Always told. */
  readonly granted: (message: string, fields: LogFields) => void;
  /**
   * Told up to ten times a second, up to five for one reason: a flood of one kind must not hide another. `reason` is one of a
   * few words: what is held back is counted by it.
   */
  readonly refused: (fields: LogFields & { readonly reason: string }) => void;
  /** Writes the summary of what is still held back. Call it once a second and at the end. */
  readonly flush: () => void;
}

export interface AuditLogOptions {
  readonly write: (level: "info" | "warn", message: string, fields: LogFields) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number;
}

const REFUSALS_A_SECOND = 10;
const REFUSALS_A_REASON = 5;

export function createAuditLog({ write, monotonic }: AuditLogOptions): AuditLog {
  let second = Number.NEGATIVE_INFINITY;
  let told = 0;
  let toldByReason = new Map<string, number>();
  let held = new Map<string, number>();

  function flush(): void {
    if (held.size === 0) return;
    const reasons = Object.fromEntries(held);
    held = new Map();
    write("warn", "refused, not told one by one", { reasons });
  }

  return {
    granted: (message, fields) => write("info", message, fields),
    refused(fields) {
      const now = Math.floor(monotonic() / 1000);
      if (now !== second) {
        flush();
        second = now;
        told = 0;
        toldByReason = new Map();
      }
      const same = toldByReason.get(fields.reason) ?? 0;
      if (told < REFUSALS_A_SECOND && same < REFUSALS_A_REASON) {
        told++;
        toldByReason.set(fields.reason, same + 1);
        write("warn", "refused", fields);
      } else {
        held.set(fields.reason, (held.get(fields.reason) ?? 0) + 1);
      }
    },
    flush,
  };
}
