import { checkDurations, JITTER_FACTOR, type LeaseDurations } from "./durations.ts";
import { isConflict, LeaderError } from "./errors.ts";
import type { Lease, LeaseRecord, Lock } from "./lock.ts";
import { pause, unlessAborted, type Timers } from "./timers.ts";

/** What an elector knows. */
export interface Leadership {
  /** This candidate leads. */
  readonly leading: boolean;
  /** Who leads, as far as it is known. */
  readonly leader: string | undefined;
}

export interface ElectorOptions {
  readonly lock: Lock;
  /** Told to the others, and unlike any other candidate's: two with one identity take each other for themselves. */
  readonly identity: string;
  readonly durations: LeaseDurations;
  readonly timers: Timers;
  /** Milliseconds since 1970, for the times in the record; no decision rests on it. */
  readonly wallClock: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Told each change, not before the first one. Leadership also ends by the clock alone. */
  readonly onChange?: (now: Leadership) => void;
  /** Told why an attempt failed. A conflict is no failure. */
  readonly onError?: (error: unknown) => void;
}

export interface Elector {
  /** Begins to apply for the lease. Nothing happens where it has begun, or {@link stop} has not ended yet. */
  start(): void;
  /**
   * Ends it. From the call on {@link isLeader} is false; a lease that is held is given back, within one retry period at
   * most, so that another need not wait for its end. Whatever only a leader may do must be over before.
   */
  stop(): Promise<void>;
  /**
   * Whether this candidate leads at this very moment: its last successful renewal was sent less than the renew deadline
   * ago, by the clock that never goes back. Ask immediately before each act.
   */
  isLeader(): boolean;
  /** The identity of who leads; undefined where nobody does, or nobody has been seen to renew for a lease's duration. */
  leader(): string | undefined;
}

/**
 * Leader election with a lease, by the rules of client-go's `tools/leaderelection`: a candidate takes a lease that is free,
 * its own, or has not changed for its whole duration since the candidate first saw it so. Times are taken on the
 * candidate's own clock alone, so clocks may differ, though not in speed by more than leaseDuration : renewDeadline.
 *
 * Stricter than client-go in three things. A leader counts the renew deadline from before its request was sent. What
 * changed is told by the stored version, not by the times in the record. A lease that vanishes is not taken before
 * the leader that was last seen has run out.
 *
 * It elects, it does not fence: a process that stops between asking {@link Elector.isLeader} and acting may act late.
 *
 * @throws LeaderError `ERR_LEADER_DURATIONS`, `ERR_LEADER_NAME`
 */
export function createElector(options: ElectorOptions): Elector {
  const { lock, identity, durations, timers, wallClock, random, onChange, onError } = options;
  checkDurations(durations);
  if (identity === "") throw new LeaderError("ERR_LEADER_NAME", "the identity is empty");
  const { leaseDuration, renewDeadline, retryPeriod } = durations;

  let observed: { readonly lease: Lease; readonly at: number } | undefined;
  let leadsUntil = -Infinity;
  /** A write of ours may have reached the lock, even if its answer did not reach us. */
  let mayHold = false;
  let told: Leadership = { leading: false, leader: undefined };
  let cancelExpiry: () => void = () => undefined;
  let running: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined;
  let stopping: Promise<void> | undefined;

  return {
    start() {
      if (running !== undefined) return;
      const controller = new AbortController();
      running = { controller, ended: run(controller.signal) };
    },
    stop() {
      leadsUntil = -Infinity;
      stopping ??= end().finally(() => (stopping = undefined));
      return stopping;
    },
    isLeader,
    leader,
  };

  async function end(): Promise<void> {
    if (running === undefined) return;
    cancelExpiry();
    running.controller.abort();
    await running.ended;
    if (mayHold) await within(retryPeriod, new AbortController().signal, release);
    running = undefined;
    tell();
  }

  function isLeader(): boolean {
    return timers.now() < leadsUntil;
  }

  function leader(): string | undefined {
    if (isLeader()) return identity;
    const holder = observed?.lease.record.holderIdentity;
    return holder === identity || !othersHold() ? undefined : holder;
  }

  /** Somebody else holds the lease, and may still count itself as leader. */
  function othersHold(): boolean {
    if (observed === undefined) return false;
    const { holderIdentity, leaseDurationSeconds } = observed.lease.record;
    if (holderIdentity === "" || holderIdentity === identity) return false;
    const lasts = leaseDurationSeconds > 0 ? leaseDurationSeconds * 1_000 : leaseDuration;
    return timers.now() < observed.at + lasts;
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Half the deadline, so that one hanging request does not use up all of it.
      await within(renewDeadline / 2, signal, attempt);
      tell();
      await pause(isLeader() ? retryPeriod : retryPeriod * (1 + JITTER_FACTOR * random()), timers, signal);
    }
  }

  /** Runs one attempt for `ms` at most and tells why it failed. Never rejects. */
  async function within(
    ms: number,
    stopped: AbortSignal,
    act: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    const cancel = timers.schedule(ms, () => {
      controller.abort(new LeaderError("ERR_LEADER_TIMEOUT", `no answer within ${Math.round(ms)} ms`));
    });
    stopped.addEventListener("abort", stop);
    try {
      await act(controller.signal);
    } catch (error) {
      if (!stopped.aborted && !isConflict(error)) onError?.(error);
    } finally {
      stopped.removeEventListener("abort", stop);
      cancel();
    }
  }

  async function attempt(signal: AbortSignal): Promise<void> {
    if (isLeader() && observed !== undefined) {
      try {
        // Most often nothing has happened since the last renewal, and reading first would be a request for nothing.
        return await write(observed.lease, signal);
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
    const lease = await unlessAborted(lock.get(signal), signal);
    if (lease !== undefined) observe(lease);
    if (!othersHold()) await write(lease, signal);
  }

  /** Takes or renews the lease. */
  async function write(lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    mayHold = true;
    // Before the request leaves: others count from when they see it, which is later.
    const sent = timers.now();
    const written =
      lease === undefined
        ? lock.create(nextRecord(undefined), signal)
        : lock.update(lease, nextRecord(lease.record), signal);
    observe(await unlessAborted(written, signal));
    leadsUntil = sent + renewDeadline;
    expire();
  }

  function observe(lease: Lease): void {
    if (lease.version !== observed?.lease.version) observed = { lease, at: timers.now() };
    if (lease.record.holderIdentity === identity) return;
    leadsUntil = -Infinity;
    mayHold = false;
  }

  async function release(signal: AbortSignal): Promise<void> {
    for (let tries = 0; tries < 2; tries++) {
      const lease = await unlessAborted(lock.get(signal), signal);
      if (lease === undefined) return;
      observe(lease);
      if (!mayHold) return;
      const now = microTime();
      const record = {
        ...lease.record,
        holderIdentity: "",
        leaseDurationSeconds: 1,
        acquireTime: now,
        renewTime: now,
      };
      try {
        return observe(await unlessAborted(lock.update(lease, record, signal), signal));
      } catch (error) {
        // A renewal that was under way has come in between.
        if (!isConflict(error)) throw error;
      }
    }
  }

  function nextRecord(before: LeaseRecord | undefined): LeaseRecord {
    const now = microTime();
    const ours = before?.holderIdentity === identity;
    const transitions = before?.leaseTransitions ?? 0;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDuration / 1_000),
      acquireTime: ours ? before.acquireTime : now,
      renewTime: now,
      leaseTransitions: before === undefined || ours ? transitions : transitions + 1,
    };
  }

  function microTime(): string {
    return new Date(wallClock()).toISOString().replace("Z", "000Z");
  }

  /** Tells the end of leadership when it comes, also while an attempt hangs. */
  function expire(): void {
    cancelExpiry();
    cancelExpiry = timers.schedule(Math.max(1, leadsUntil - timers.now()), () => {
      if (isLeader())
        expire(); // timers may be early
      else tell();
    });
  }

  function tell(): void {
    const now = { leading: isLeader(), leader: leader() };
    if (now.leading === told.leading && now.leader === told.leader) return;
    told = now;
    try {
      onChange?.(now);
    } catch (error) {
      onError?.(error);
    }
  }
}
