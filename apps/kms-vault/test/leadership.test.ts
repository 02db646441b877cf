import { expect, test } from "vitest";
import type { Leadership } from "../src/leadership.ts";
import { NODE } from "./support/kms.ts";
import { CIPHERTEXT, createTestService, refusalOf, SECRET } from "./support/service.ts";
import { createTwoReplicas, DURATIONS, type TwoReplicas } from "./support/two-replicas.ts";

/** Numbers from 0 to below `limit`, the same on each run (a linear congruence modulo 2^32). */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32) * limit;
  };
}

/** Where a call of the leader's may be stopped: before it, at each of its waits for Vault, as its audit line is written. */
const STEPS = ["before the call", "encrypt", "decrypt", "the answer of vault", "the audit line"] as const;
type Step = (typeof STEPS)[number];
const PAUSES_A_STEP = 200;

interface Outcome {
  readonly answered: boolean;
  /** When the lease was last looked at and found held, and who led by then. */
  readonly heldAt: number;
  readonly leaseEnds: number;
  readonly otherLed: boolean;
}

/** One Seal on the leader `a`, which stands still for `pauseMs` at one step, while `b` goes on. */
async function callPausedAt(step: Step, pauseMs: number, phaseMs: number): Promise<Outcome> {
  const world = await createTwoReplicas();
  await world.advance(phaseMs);
  let heldAt = -Infinity;
  let leaseEnds = -Infinity;
  let otherLed = false;
  const watched: Leadership = {
    ...world.a.leadership,
    refusal() {
      const refusal = world.a.leadership.refusal();
      if (refusal === undefined) {
        heldAt = world.now();
        leaseEnds = (world.written?.at ?? 0) + DURATIONS.leaseDuration;
        otherLed = world.b.leadership.refusal() === undefined;
      }
      return refusal;
    },
  };
  const standStill = async (at: Step): Promise<void> => {
    if (at !== step) return;
    world.a.paused = true;
    await world.advance(pauseMs);
    world.a.paused = false; // and the call goes on before any timer of `a` does
  };
  const { kms } = createTestService({
    leadership: watched,
    backend: {
      async seal() {
        for (const at of ["encrypt", "decrypt", "the answer of vault"] as const) await standStill(at);
        return { ciphertext: CIPHERTEXT, keyVersion: 1 };
      },
    },
    // A log that blocks stops the whole process: nothing can be waited for there.
    onAudit: () => step === "the audit line" && world.skip(pauseMs),
  });
  await standStill("before the call");
  const call = kms.seal({ nodeUuid: NODE, data: SECRET });
  const answered = await call.then(
    () => true,
    () => false,
  );
  if (!answered) {
    const { code, text } = await refusalOf(call);
    expect(code).toBe("Unavailable");
    expect(["No leader elected - service unavailable", "Not the leader - current leader is b"]).toContain(
      text,
    );
  }
  return { answered, heldAt, leaseEnds, otherLed };
}

for (const [index, step] of STEPS.entries()) {
  test(`${PAUSES_A_STEP} pauses at ${step}: no answer whose look at the lease came after its end, or while another led`, async () => {
    const random = generator(index + 1);
    let answered = 0;
    for (let pause = 0; pause < PAUSES_A_STEP; pause++) {
      // Around the deadline, around the lease's end, and far beyond.
      const pauseMs =
        [random(9_000), 7_000 + random(4_000), 13_000 + random(6_000), random(60_000)][pause % 4] ?? 0;
      const outcome = await callPausedAt(step, pauseMs, random(5_000));
      if (!outcome.answered) continue;
      answered += 1;
      expect(outcome.heldAt).toBeLessThan(outcome.leaseEnds);
      // Well before: what clocks of different speed may take stays in between.
      expect(outcome.heldAt).toBeLessThan(
        outcome.leaseEnds - DURATIONS.leaseDuration + DURATIONS.renewDeadline,
      );
      expect(outcome.otherLed).toBe(false);
    }
    // Both ends are met often: no answer at all would be safe too.
    expect(answered).toBeGreaterThan(PAUSES_A_STEP / 5);
    expect(answered).toBeLessThan((PAUSES_A_STEP * 4) / 5);
  });
}

test("a leader that lost its lease while it waited for vault audits no node as served", async () => {
  const world = await createTwoReplicas();
  const { kms, audit, operations } = createTestService({
    leadership: world.a.leadership,
    backend: {
      async unseal() {
        world.a.paused = true;
        await world.advance(30_000);
        return { data: SECRET, keyVersion: 1 };
      },
    },
  });
  expect(await refusalOf(kms.unseal({ nodeUuid: NODE, data: CIPHERTEXT }))).toEqual({
    code: "Unavailable",
    text: "No leader elected - service unavailable",
  });
  expect(audit).toMatchObject([{ message: "refused", reason: "leadership-lost", uuid: NODE }]);
  expect(await operations()).toEqual(["unseal leadership-lost 1"]);
});

test("a follower refuses before it looks at anything, with the leader's name", async () => {
  const world = await createTwoReplicas();
  let asked = 0;
  const { kms, audit } = createTestService({
    leadership: world.b.leadership,
    backend: {
      async unseal() {
        asked += 1;
        return { data: SECRET, keyVersion: 1 };
      },
    },
  });
  const text = "Not the leader - current leader is a";
  expect(await refusalOf(kms.unseal({ nodeUuid: "no uuid", data: CIPHERTEXT }))).toEqual({
    code: "Unavailable",
    text,
  });
  expect(audit).toMatchObject([{ reason: "not-leader", code: "Unavailable" }]);
  expect(asked).toBe(0);
  expect(world.b.leadership.checks.map(({ fault }) => fault())).toEqual([text]);
});

/** JSON of `/leader` and `/info`. */
function routesOf({ leadership }: TwoReplicas["a"]): unknown {
  return Object.fromEntries(
    Object.entries(leadership.routes).map(([path, answer]) => [path, JSON.parse(answer().body)]),
  );
}

test("/leader and /info have the Go proxy's fields, before and after a change of leader", async () => {
  const world = await createTwoReplicas();
  const changedAt = new Date(1_000).toISOString();
  expect(routesOf(world.a)).toEqual({
    "/leader": {
      isLeader: true,
      isActive: true,
      currentLeader: "a",
      leadershipChanges: 1,
      acquisitionErrors: 0,
      renewalErrors: 0,
      lastLeaderChange: changedAt,
    },
    "/info": { mode: "leader-election", ready: true },
  });
  expect(routesOf(world.b)).toMatchObject({
    "/leader": { isLeader: false, isActive: false, currentLeader: "a" },
    "/info": { ready: false },
  });
  await world.a.leadership.stop();
  await world.advance(5_000);
  expect(routesOf(world.b)).toMatchObject({
    "/leader": { isLeader: true, isActive: true, currentLeader: "b", leadershipChanges: 2 },
    "/info": { ready: true },
  });
  expect(routesOf(world.a)).toMatchObject({ "/leader": { isLeader: false }, "/info": { ready: false } });
});

test("the leader's file is there while it leads: removed at the start, written, removed on loss and at the end", async () => {
  const acts: string[] = [];
  const leaderFile = {
    write: async () => void acts.push("write"),
    remove: async () => void acts.push("remove"),
  };
  const world = await createTwoReplicas({ leaderFile });
  expect(acts).toEqual(["remove", "write"]);
  expect(await world.metrics.text()).toContain("\nkms_is_leader 1\n");
  world.a.paused = true;
  await world.advance(30_000);
  world.a.paused = false;
  await world.advance(1); // the timers that are overdue
  expect(acts).toEqual(["remove", "write", "remove"]);
  const metrics = await world.metrics.text();
  for (const sample of ["kms_is_leader 0", "talos_kms_is_leader 0", "kms_leadership_changes_total 2"]) {
    expect(metrics).toContain(`\n${sample}\n`);
  }
  await world.a.leadership.stop();
  expect(acts).toEqual(["remove", "write", "remove", "remove"]);
});

test("a leader file that can't be written changes nothing", async () => {
  const fails = (): Promise<never> => Promise.reject(new Error("read-only file system"));
  const world = await createTwoReplicas({ leaderFile: { write: fails, remove: fails } });
  expect(world.a.leadership.refusal()).toBeUndefined();
  await world.a.leadership.stop();
});
