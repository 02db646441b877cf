import type { AdminAnswer, HealthCheck, Log, Timers } from "@talos-bridge/grpc-server";
import { createElector, type LeaseDurations, type Lock } from "@talos-bridge/leader";
import type { KmsMetrics } from "./kms-metrics.ts";

/** Whether this replica may answer. Without election every replica may. */
export interface Leadership {
  /** The text for callers where this replica does not lead at this very moment; undefined where it may answer. */
  refusal(): string | undefined;
  readonly checks: readonly HealthCheck[];
  /** `/leader` and `/info`, as the Go proxy has them. */
  readonly routes: Readonly<Record<string, () => AdminAnswer>>;
  start(): void;
  /** Gives the lease back. Whatever only a leader may do must be over before. */
  stop(): Promise<void>;
}

/** All replicas serve. `/info` has the Go proxy's fields. */
export function everyReplicaServes(ready: () => boolean): Leadership {
  return {
    refusal: () => undefined,
    checks: [],
    routes: { "/info": () => json({ mode: "single-instance", ready: ready() }) },
    start: () => undefined,
    stop: () => Promise.resolve(),
  };
}

export interface ElectedOptions {
  readonly lock: Lock;
  readonly identity: string;
  readonly durations: LeaseDurations;
  readonly log: Log;
  readonly metrics: KmsMetrics;
  /** There while this replica leads, as the Go proxy's probes expect; best effort. */
  readonly leaderFile: LeaderFile;
  readonly timers: Timers;
  readonly wallClock: () => number;
  readonly random: () => number;
}

export interface LeaderFile {
  write(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Only the holder of the lease answers. The texts are the Go proxy's, which Talos nodes' operators may have alerts on.
 *
 * @throws LeaderError as `createElector`
 */
export function electedReplicaServes(options: ElectedOptions): Leadership {
  const { lock, identity, durations, log, metrics, leaderFile, timers, wallClock, random } = options;
  let changes = 0;
  let lastChange = 0;
  let renewalErrors = 0;
  let acquisitionErrors = 0;
  let lastFile: Promise<void> = leaderFile.remove().catch(() => undefined);
  metrics.leading(false);

  const elector = createElector({
    lock,
    identity,
    durations,
    timers,
    wallClock,
    random,
    onChange({ leading, leader }) {
      changes += 1;
      lastChange = wallClock();
      metrics.leading(leading);
      metrics.leadershipChanged();
      log.info(leading ? "leads" : "follows", { identity, leader });
      // In turn, so that a slow write can't end up after the removal that followed it.
      lastFile = lastFile
        .then(() => (leading ? leaderFile.write() : leaderFile.remove()))
        .catch((error: unknown) => log.debug("can't keep the leader file", { error }));
    },
    onError(error) {
      if (elector.isLeader()) renewalErrors += 1;
      else acquisitionErrors += 1;
      log.warn("can't reach the lease", { error });
    },
  });

  function refusal(): string | undefined {
    if (elector.isLeader()) return undefined;
    const leader = elector.leader();
    return leader === undefined
      ? "No leader elected - service unavailable"
      : `Not the leader - current leader is ${leader}`;
  }

  return {
    refusal,
    checks: [{ name: "leader", fault: refusal }],
    routes: {
      "/leader": () =>
        json({
          isLeader: elector.isLeader(),
          isActive: elector.isLeader(),
          currentLeader: elector.leader() ?? "",
          leadershipChanges: changes,
          acquisitionErrors,
          renewalErrors,
          lastLeaderChange: new Date(lastChange).toISOString(),
        }),
      "/info": () => json({ mode: "leader-election", ready: elector.isLeader() }),
    },
    start: () => elector.start(),
    async stop() {
      await elector.stop();
      await lastFile;
      await leaderFile.remove().catch(() => undefined);
    },
  };
}

function json(body: Readonly<Record<string, unknown>>): AdminAnswer {
  return { status: 200, contentType: "application/json", body: `${JSON.stringify(body)}\n` };
}
