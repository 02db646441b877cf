import { LeaderError } from "./errors.ts";

/** What candidates tell each other: the spec of a coordination.k8s.io/v1 Lease. */
export interface LeaseRecord {
  /** Who leads; empty where nobody does. */
  readonly holderIdentity: string;
  /** How long others wait after they last saw the lease change. */
  readonly leaseDurationSeconds: number;
  /** RFC 3339 with six decimals (MicroTime), for people: no decision rests on another machine's clock. */
  readonly acquireTime: string | undefined;
  readonly renewTime: string | undefined;
  /** How often the holder changed. */
  readonly leaseTransitions: number;
}

/** A record as it is stored. */
export interface Lease {
  readonly record: LeaseRecord;
  /** Another one after each write, whoever wrote. */
  readonly version: string;
  /** Whatever else the lock needs to write it again. */
  readonly object?: unknown;
}

/**
 * Where the record is kept. Writes are conditional: of two that start from the same state one fails with
 * `ERR_LEADER_CONFLICT`. That alone keeps two candidates from taking the lease at once.
 */
export interface Lock {
  /** Undefined where there is none yet. */
  get(signal: AbortSignal): Promise<Lease | undefined>;
  /** Fails with `ERR_LEADER_CONFLICT` where there is one. */
  create(record: LeaseRecord, signal: AbortSignal): Promise<Lease>;
  /** Replaces exactly this state; fails with `ERR_LEADER_CONFLICT` where it is another by now, or gone. */
  update(lease: Lease, record: LeaseRecord, signal: AbortSignal): Promise<Lease>;
}

/** A lock for candidates in one process: share it between them. For tests, and for a service that runs alone. */
export function createMemoryLock(): Lock {
  let stored: Lease | undefined;
  let writes = 0;

  async function write(record: LeaseRecord, over: Lease | undefined): Promise<Lease> {
    if (stored?.version !== over?.version) {
      throw new LeaderError("ERR_LEADER_CONFLICT", "somebody else wrote the lease first");
    }
    stored = { record, version: String(++writes) };
    return stored;
  }

  return {
    get: async () => stored,
    create: (record) => write(record, undefined),
    update: (lease, record) => write(record, lease),
  };
}
