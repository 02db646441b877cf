import {
  checkDurations,
  createElector,
  createMemoryLock,
  LeaderError,
  type Elector,
  type ElectorOptions,
  type Leadership,
  type Lock,
} from "@talos-bridge/leader";
import { describe, expect, test } from "vitest";
import { createFakeTimers, type FakeTimers } from "./support/fake-timers.ts";

const DURATIONS = { leaseDuration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 };
const START = Date.UTC(2026, 10, 24, 20, 0, 0);
const never = new AbortController().signal;

interface Candidate extends Elector {
  readonly changes: Leadership[];
  readonly errors: unknown[];
}

function candidate(
  identity: string,
  timers: FakeTimers,
  options: Partial<ElectorOptions> & { lock: Lock },
): Candidate {
  const changes: Leadership[] = [];
  const errors: unknown[] = [];
  const elector = createElector({
    identity,
    durations: DURATIONS,
    timers,
    wallClock: () => START + timers.now(),
    random: () => 0.5,
    onChange: (now) => changes.push(now),
    onError: (error) => errors.push(error),
    ...options,
  });
  return { ...elector, changes, errors };
}

/** A lock whose calls are counted, and fail or hang while told to. */
function troubled(lock: Lock): Lock & { mode: "sound" | "fails" | "hangs"; calls: string[] } {
  const call = <T>(verb: string, act: () => Promise<T>): Promise<T> => {
    wrapped.calls.push(verb);
    if (wrapped.mode === "fails") return Promise.reject(new LeaderError("ERR_LEADER_API", "unreachable"));
    return wrapped.mode === "hangs" ? new Promise(() => undefined) : act();
  };
  const wrapped: ReturnType<typeof troubled> = {
    mode: "sound",
    calls: [],
    get: (signal) => call("get", () => lock.get(signal)),
    create: (record, signal) => call("create", () => lock.create(record, signal)),
    update: (lease, record, signal) => call("update", () => lock.update(lease, record, signal)),
  };
  return wrapped;
}

describe("durations", () => {
  for (const { name, durations, want } of [
    { name: "client-go's defaults", durations: DURATIONS, want: undefined },
    {
      name: "just apart",
      durations: { leaseDuration: 3, renewDeadline: 2, retryPeriod: 1 },
      want: undefined,
    },
    {
      name: "lease as long as the deadline",
      durations: { ...DURATIONS, leaseDuration: 10_000 },
      want: /above the renew/,
    },
    {
      name: "lease below the deadline",
      durations: { ...DURATIONS, leaseDuration: 1 },
      want: /above the renew/,
    },
    {
      name: "deadline of 1.2 retries",
      durations: { ...DURATIONS, renewDeadline: 2_400 },
      want: /1\.2 times/,
    },
    { name: "no retry period", durations: { ...DURATIONS, retryPeriod: 0 }, want: /above 0/ },
    {
      name: "negative",
      durations: { leaseDuration: -1, renewDeadline: -2, retryPeriod: -3 },
      want: /above 0/,
    },
    { name: "no number", durations: { ...DURATIONS, leaseDuration: Number.NaN }, want: /above the renew/ },
    { name: "too long", durations: { ...DURATIONS, leaseDuration: 1e15 }, want: /too long/ },
  ]) {
    test(name, () => {
      const make = (): unknown => candidate("a", createFakeTimers(), { lock: createMemoryLock(), durations });
      if (want === undefined) {
        expect(make).not.toThrow();
        checkDurations(durations);
      } else {
        const fault = expect.objectContaining({
          code: "ERR_LEADER_DURATIONS",
          message: expect.stringMatching(want),
        });
        expect(make).toThrow(fault);
        expect(() => checkDurations(durations)).toThrow(fault);
      }
    });
  }

  test("an identity that is empty", () => {
    expect(() => candidate("", createFakeTimers(), { lock: createMemoryLock() })).toThrow(
      expect.objectContaining({ code: "ERR_LEADER_NAME" }),
    );
  });
});

describe("acquiring", () => {
  test("a lease that is not there is made", async () => {
    const timers = createFakeTimers();
    const lock = createMemoryLock();
    const a = candidate("a", timers, { lock });
    expect([a.isLeader(), a.leader()]).toEqual([false, undefined]);
    a.start();
    await timers.advance(0);
    expect([a.isLeader(), a.leader(), a.changes]).toEqual([true, "a", [{ leading: true, leader: "a" }]]);
    expect((await lock.get(never))?.record).toEqual({
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      acquireTime: "2026-11-24T20:00:01.000000Z",
      renewTime: "2026-11-24T20:00:01.000000Z",
      leaseTransitions: 0,
    });
  });

  test("a renewal keeps the time of acquiring", async () => {
    const timers = createFakeTimers();
    const lock = createMemoryLock();
    candidate("a", timers, { lock }).start();
    await timers.advance(4_000);
    expect((await lock.get(never))?.record).toMatchObject({
      acquireTime: "2026-11-24T20:00:01.000000Z",
      renewTime: "2026-11-24T20:00:05.000000Z",
      leaseTransitions: 0,
    });
  });

  test("a part of a second counts as a whole one for the others", async () => {
    const timers = createFakeTimers();
    const lock = createMemoryLock();
    candidate("a", timers, { lock, durations: { ...DURATIONS, leaseDuration: 14_001 } }).start();
    await timers.advance(0);
    expect((await lock.get(never))?.record.leaseDurationSeconds).toBe(15);
  });

  test("a leader renews without reading first, and says nothing new", async () => {
    const timers = createFakeTimers();
    const lock = troubled(createMemoryLock());
    const a = candidate("a", timers, { lock });
    a.start();
    await timers.advance(6_000);
    expect(lock.calls).toEqual(["get", "create", "update", "update", "update"]);
    expect(a.changes.length).toBe(1);
  });

  for (const { name, seconds, want } of [
    { name: "as long as its holder says, not as long as ours", seconds: 30, want: 30_000 },
    { name: "as long as ours where its holder says nothing", seconds: 0, want: 15_000 },
  ]) {
    test(`a lease that nobody renews is taken when it has not changed for ${name}`, async () => {
      const timers = createFakeTimers();
      const lock = createMemoryLock();
      const record = {
        holderIdentity: "gone",
        leaseDurationSeconds: seconds,
        acquireTime: "1970-01-01T00:00:00.000000Z", // long past by its own clock, which does not count
        renewTime: "1970-01-01T00:00:00.000000Z",
        leaseTransitions: 4,
      };
      await lock.create(record, never);
      const a = candidate("a", timers, { lock, random: () => 0 });
      a.start();
      await timers.advance(want - 1);
      expect([a.isLeader(), a.leader()]).toEqual([false, "gone"]);
      await timers.advance(1);
      expect(a.leader()).not.toBe("gone");
      await timers.advance(2_000);
      expect(a.isLeader()).toBe(true);
      expect((await lock.get(never))?.record).toMatchObject({ holderIdentity: "a", leaseTransitions: 5 });
    });
  }

  test("a lease that changes meanwhile is waited for anew", async () => {
    const timers = createFakeTimers();
    const lock = createMemoryLock();
    const b = candidate("b", timers, { lock });
    const a = candidate("a", timers, { lock });
    b.start();
    await timers.advance(0);
    a.start();
    await timers.advance(600_000);
    expect([a.isLeader(), a.leader(), a.changes]).toEqual([false, "b", [{ leading: false, leader: "b" }]]);
  });

  test("one's own lease of an earlier life is taken at once", async () => {
    const timers = createFakeTimers();
    const lock = createMemoryLock();
    candidate("a", createFakeTimers(), { lock }).start();
    await timers.advance(0);
    const a = candidate("a", timers, { lock });
    a.start();
    await timers.advance(0);
    expect(a.isLeader()).toBe(true);
    expect((await lock.get(never))?.record.leaseTransitions).toBe(0);
  });

  test("candidates wait one retry period and up to 1.2 more, leaders exactly one", async () => {
    const waits: number[] = [];
    const timers = createFakeTimers();
    const lock = createMemoryLock();
    candidate("b", timers, { lock }).start();
    await timers.advance(0);
    for (const random of [0, 0.5, 0.999]) {
      const calls = troubled(lock);
      const a = candidate("a", timers, { lock: calls, random: () => random });
      a.start();
      await timers.advance(0);
      const from = timers.now();
      while (calls.calls.length < 2) await timers.advance(1);
      waits.push(timers.now() - from);
      await a.stop();
    }
    expect(waits).toEqual([2_000, 3_200, 4_398]);
  });
});

describe("losing", () => {
  for (const mode of ["fails", "hangs"] as const) {
    test(`a leader whose lock ${mode} leads until the renew deadline, and is told then`, async () => {
      const timers = createFakeTimers();
      const lock = troubled(createMemoryLock());
      const a = candidate("a", timers, { lock });
      a.start();
      await timers.advance(2_000); // renewed now
      lock.mode = mode;
      await timers.advance(9_999);
      expect([a.isLeader(), a.changes.length]).toEqual([true, 1]);
      await timers.advance(1);
      expect([a.isLeader(), a.leader(), a.changes.at(-1)]).toEqual([
        false,
        undefined,
        { leading: false, leader: undefined },
      ]);
      expect(a.errors[0]).toMatchObject({ code: mode === "fails" ? "ERR_LEADER_API" : "ERR_LEADER_TIMEOUT" });

      lock.mode = "sound";
      await timers.advance(10_000);
      expect([a.isLeader(), a.changes.length]).toEqual([true, 3]);
    });
  }

  test("the end is told also where a timer comes early", async () => {
    const timers = createFakeTimers();
    const lock = troubled(createMemoryLock());
    const early = {
      now: () => timers.now(),
      schedule: (ms: number, run: () => void) => timers.schedule(ms - 0.5, run),
    };
    const a = candidate("a", timers, { lock, timers: early });
    a.start();
    await timers.advance(0);
    lock.mode = "hangs";
    await timers.advance(10_001);
    expect(a.changes.at(-1)).toEqual({ leading: false, leader: undefined });
  });

  test("a lease that somebody else took ends it at once", async () => {
    const timers = createFakeTimers();
    const lock = createMemoryLock();
    const a = candidate("a", timers, { lock });
    a.start();
    await timers.advance(0);
    const lease = await lock.get(never);
    if (lease === undefined) throw new Error("no lease");
    await lock.update(lease, { ...lease.record, holderIdentity: "b" }, never);
    await timers.advance(2_000);
    expect([a.isLeader(), a.leader(), a.errors]).toEqual([false, "b", []]);
  });

  test("a lease that vanishes is not taken before the leader last seen has run out", async () => {
    const timers = createFakeTimers();
    const shared = createMemoryLock();
    candidate("b", timers, { lock: shared }).start();
    await timers.advance(0);
    let gone = false;
    const empty = createMemoryLock();
    const lock: Lock = {
      get: (signal) => (gone ? empty : shared).get(signal),
      create: (record, signal) => (gone ? empty : shared).create(record, signal),
      update: (lease, record, signal) => (gone ? empty : shared).update(lease, record, signal),
    };
    const a = candidate("a", timers, { lock });
    a.start();
    await timers.advance(0);
    gone = true;
    await timers.advance(14_999);
    expect([a.isLeader(), a.leader()]).toEqual([false, "b"]);
    await timers.advance(3_201);
    expect(a.isLeader()).toBe(true);
  });

  test("what the caller throws does not end the election", async () => {
    const timers = createFakeTimers();
    const errors: unknown[] = [];
    const a = candidate("a", timers, {
      lock: createMemoryLock(),
      onChange: () => {
        throw new Error("the caller's");
      },
      onError: (error) => errors.push(error),
    });
    a.start();
    await timers.advance(60_000);
    expect([a.isLeader(), errors.length]).toEqual([true, 1]);
  });
});

describe("stopping", () => {
  test("gives the lease back, so that another need not wait", async () => {
    const timers = createFakeTimers();
    const lock = createMemoryLock();
    const a = candidate("a", timers, { lock });
    const b = candidate("b", timers, { lock, random: () => 0 });
    a.start();
    await timers.advance(0);
    b.start();
    await timers.advance(2_000);
    const stopped = a.stop();
    expect(a.isLeader()).toBe(false); // before any answer
    await stopped;
    expect((await lock.get(never))?.record).toEqual({
      holderIdentity: "",
      leaseDurationSeconds: 1,
      acquireTime: "2026-11-24T20:00:03.000000Z",
      renewTime: "2026-11-24T20:00:03.000000Z",
      leaseTransitions: 0,
    });
    expect([a.leader(), a.changes.at(-1)]).toEqual([undefined, { leading: false, leader: undefined }]);
    await timers.advance(2_000);
    expect(b.isLeader()).toBe(true);
    expect((await lock.get(never))?.record.leaseTransitions).toBe(1);
  });

  test("a follower gives nothing back and asks nothing", async () => {
    const timers = createFakeTimers();
    const shared = createMemoryLock();
    candidate("b", timers, { lock: shared }).start();
    await timers.advance(0);
    const lock = troubled(shared);
    const a = candidate("a", timers, { lock });
    a.start();
    await timers.advance(0);
    lock.calls.length = 0;
    await a.stop();
    expect(lock.calls).toEqual([]);
  });

  test("a renewal under way does not make the giving back fail", async () => {
    const timers = createFakeTimers();
    const shared = createMemoryLock();
    let late: (() => Promise<unknown>) | undefined;
    let slow = false;
    const lock: Lock = {
      ...shared,
      async get(signal) {
        const lease = await shared.get(signal);
        await late?.(); // it arrives just after the lease was read
        late = undefined;
        return lease;
      },
      update(lease, record, signal) {
        if (!slow) return shared.update(lease, record, signal);
        slow = false;
        late = () => shared.update(lease, record, signal);
        return new Promise(() => undefined);
      },
    };
    const a = candidate("a", timers, { lock });
    a.start();
    await timers.advance(0);
    slow = true;
    await timers.advance(2_000);
    await a.stop();
    expect((await shared.get(never))?.record.holderIdentity).toBe("");
  });

  test("a lease that another has taken meanwhile is left alone", async () => {
    const timers = createFakeTimers();
    const lock = createMemoryLock();
    const a = candidate("a", timers, { lock });
    a.start();
    await timers.advance(0);
    const lease = await lock.get(never);
    if (lease === undefined) throw new Error("no lease");
    const taken = await lock.update(lease, { ...lease.record, holderIdentity: "b" }, never);
    await a.stop();
    expect(await lock.get(never)).toEqual(taken);
  });

  test("an answer that arrives at the same moment makes no leader any more", async () => {
    const timers = createFakeTimers();
    const shared = createMemoryLock();
    let stop: (() => void) | undefined;
    const lock: Lock = {
      ...shared,
      create(record, signal) {
        const created = shared.create(record, signal);
        // Between the lock's answer and the elector's next step.
        void created.then(() => queueMicrotask(() => stop?.()));
        return created;
      },
    };
    const a = candidate("a", timers, { lock });
    stop = () => void a.stop();
    a.start();
    await timers.advance(0);
    expect([a.isLeader(), a.changes]).toEqual([false, []]);
    expect((await shared.get(never))?.record.holderIdentity).toBe("");
  });

  test("does not wait longer than a retry period for a lock that hangs, and leaves no timer", async () => {
    const timers = createFakeTimers();
    const lock = troubled(createMemoryLock());
    const a = candidate("a", timers, { lock });
    a.start();
    await timers.advance(0);
    lock.mode = "hangs";
    let done = false;
    const stopped = a.stop().then(() => (done = true));
    await timers.advance(1_999);
    expect(done).toBe(false);
    await timers.advance(1);
    await stopped;
    expect(timers.pending).toBe(0);
    expect(a.errors).toMatchObject([{ code: "ERR_LEADER_TIMEOUT" }]);
  });

  test("twice, before it began, and starting again", async () => {
    const timers = createFakeTimers();
    const a = candidate("a", timers, { lock: createMemoryLock() });
    await a.stop();
    a.start();
    a.start();
    await timers.advance(0);
    await Promise.all([a.stop(), a.stop()]);
    expect([a.isLeader(), timers.pending]).toEqual([false, 0]);
    a.start();
    await timers.advance(0);
    expect(a.isLeader()).toBe(true);
  });
});
