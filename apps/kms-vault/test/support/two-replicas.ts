import type { Log, Timers } from "@talos-bridge/grpc-server";
import { createMetrics } from "@talos-bridge/grpc-server";
import { createMemoryLock, type LeaseDurations, type LeaseRecord, type Lock } from "@talos-bridge/leader";
import { createKmsMetrics } from "../../src/kms-metrics.ts";
import { electedReplicaServes, type LeaderFile, type Leadership } from "../../src/leadership.ts";

export const DURATIONS: LeaseDurations = { leaseDuration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 };

export interface Replica {
  readonly leadership: Leadership;
  /** Nothing that this replica waits for comes while it is paused. */
  paused: boolean;
}

/** Two replicas, `a` and `b`, one lease, and a clock that moves when told to. */
export interface TwoReplicas {
  readonly a: Replica;
  readonly b: Replica;
  /** The last write that the lease took, and when. */
  readonly written: { readonly at: number; readonly record: LeaseRecord } | undefined;
  readonly metrics: ReturnType<typeof createMetrics>;
  now(): number;
  /** Time passes, and what falls due happens. */
  advance(ms: number): Promise<void>;
  /** Time passes, and nothing happens: for a process that is stopped between two instructions. */
  skip(ms: number): void;
}

export async function createTwoReplicas(
  options: { readonly random?: () => number; readonly leaderFile?: LeaderFile } = {},
): Promise<TwoReplicas> {
  let now = 1_000;
  let due: { readonly at: number; readonly owner: Replica | undefined; readonly run: () => void }[] = [];
  let written: TwoReplicas["written"];
  const shared = createMemoryLock();
  const metrics = createMetrics({ build: { version: "test", revision: "test" } });

  function replica(identity: string): Replica {
    const timers: Timers = {
      now: () => now,
      schedule(ms, run) {
        const event = { at: now + ms, owner: made, run };
        due.push(event);
        return () => {
          due = due.filter((other) => other !== event);
        };
      },
    };
    const made: Replica = {
      paused: false,
      leadership: electedReplicaServes({
        lock: noting(shared),
        identity,
        durations: DURATIONS,
        log: SILENT,
        metrics: identity === "a" ? createKmsMetrics(metrics) : createKmsMetrics(createMetrics(BUILD)),
        leaderFile: (identity === "a" ? options.leaderFile : undefined) ?? NO_FILE,
        timers,
        wallClock: () => now,
        random: options.random ?? (() => 0.5),
      }),
    };
    return made;
  }

  function noting(lock: Lock): Lock {
    const note = async (
      record: LeaseRecord,
      write: ReturnType<Lock["update"]>,
    ): ReturnType<Lock["update"]> => {
      const lease = await write;
      written = { at: now, record };
      return lease;
    };
    return {
      get: (signal) => lock.get(signal),
      create: (record, signal) => note(record, lock.create(record, signal)),
      update: (lease, record, signal) => note(record, lock.update(lease, record, signal)),
    };
  }

  const [a, b] = [replica("a"), replica("b")];
  const world: TwoReplicas = {
    a,
    b,
    get written() {
      return written;
    },
    metrics,
    now: () => now,
    skip: (ms) => void (now += ms),
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const [next] = due
          .filter(({ at, owner }) => at <= end && owner?.paused !== true)
          .toSorted((one, other) => one.at - other.at);
        if (next === undefined) break;
        due = due.filter((other) => other !== next);
        now = Math.max(now, next.at);
        next.run();
        await settle();
      }
      now = end;
    },
  };
  a.leadership.start();
  await world.advance(0);
  b.leadership.start();
  await world.advance(0);
  return world;
}

const BUILD = { build: { version: "test", revision: "test" } };
const NO_FILE: LeaderFile = { write: () => Promise.resolve(), remove: () => Promise.resolve() };
const nothing = (): void => undefined;
const SILENT: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, with: () => SILENT };

/** Gives promises that wait for nothing outside their turn. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
