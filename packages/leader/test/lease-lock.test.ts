import {
  createElector,
  createLeaseLock,
  type LeaseRecord,
  type RequestKubernetes,
} from "@talos-bridge/leader";
import { describe, expect, test } from "vitest";
import { createFakeApi } from "./support/fake-api.ts";
import { createFakeTimers } from "./support/fake-timers.ts";

const WHERE = { namespace: "kms", name: "talos-kms-leader" };
const ALL = "/apis/coordination.k8s.io/v1/namespaces/kms/leases";
const RECORD: LeaseRecord = {
  holderIdentity: "a",
  leaseDurationSeconds: 15,
  acquireTime: "2026-11-24T20:00:00.000000Z",
  renewTime: "2026-11-24T20:00:00.000000Z",
  leaseTransitions: 0,
};
const never = new AbortController().signal;

test("get, create and update, and nothing else", async () => {
  const api = createFakeApi("kms", "talos-kms-leader");
  const lock = createLeaseLock({ request: api.request, ...WHERE });
  expect(await lock.get(never)).toBeUndefined();
  const created = await lock.create(RECORD, never);
  expect(created).toMatchObject({ record: RECORD, version: "101" });
  const updated = await lock.update(created, { ...RECORD, leaseTransitions: 1 }, never);
  expect(updated).toMatchObject({ record: { leaseTransitions: 1 }, version: "102" });
  expect(await lock.get(never)).toEqual(updated);
  expect(api.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    `GET ${ALL}/talos-kms-leader`,
    `POST ${ALL}`,
    `PUT ${ALL}/talos-kms-leader`,
    `GET ${ALL}/talos-kms-leader`,
  ]);
  expect(api.requests.map(({ headers }) => headers)).toEqual([
    { accept: "application/json" },
    { accept: "application/json", "content-type": "application/json" },
    { accept: "application/json", "content-type": "application/json" },
    { accept: "application/json" },
  ]);
  expect(JSON.parse(api.requests[1]?.body ?? "")).toEqual({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "talos-kms-leader", namespace: "kms" },
    spec: RECORD,
  });
});

test("an update keeps what it does not know", async () => {
  const api = createFakeApi("kms", "talos-kms-leader");
  api.lease = {
    metadata: { name: "talos-kms-leader", namespace: "kms", resourceVersion: "7", labels: { team: "x" } },
    spec: { holderIdentity: "b", strategy: "OldestEmulationVersion" },
  };
  const lock = createLeaseLock({ request: api.request, ...WHERE });
  const lease = await lock.get(never);
  if (lease === undefined) throw new Error("no lease");
  await lock.update(lease, RECORD, never);
  expect(api.lease).toMatchObject({
    metadata: { labels: { team: "x" }, resourceVersion: "101" },
    spec: { ...RECORD, strategy: "OldestEmulationVersion" },
  });
});

describe("of two writes from one state the second is a conflict", () => {
  const conflict = { name: "LeaderError", code: "ERR_LEADER_CONFLICT" };
  test("two that create", async () => {
    const lock = createLeaseLock({ request: createFakeApi("kms", "talos-kms-leader").request, ...WHERE });
    await lock.create(RECORD, never);
    await expect(lock.create(RECORD, never)).rejects.toMatchObject(conflict);
  });

  test("two that update", async () => {
    const lock = createLeaseLock({ request: createFakeApi("kms", "talos-kms-leader").request, ...WHERE });
    const lease = await lock.create(RECORD, never);
    await lock.update(lease, RECORD, never);
    await expect(lock.update(lease, RECORD, never)).rejects.toMatchObject(conflict);
  });

  test("one that updates what was deleted", async () => {
    const api = createFakeApi("kms", "talos-kms-leader");
    const lock = createLeaseLock({ request: api.request, ...WHERE });
    const lease = await lock.create(RECORD, never);
    api.lease = undefined;
    await expect(lock.update(lease, RECORD, never)).rejects.toMatchObject(conflict);
  });
});

describe("specs that others write", () => {
  const none = {
    holderIdentity: "",
    leaseDurationSeconds: 0,
    acquireTime: undefined,
    renewTime: undefined,
    leaseTransitions: 0,
  };
  for (const { name, spec, want } of [
    { name: "none", spec: undefined, want: none },
    { name: "empty", spec: {}, want: none },
    { name: "nulls", spec: { holderIdentity: null, renewTime: null, leaseTransitions: null }, want: none },
    {
      name: "released",
      spec: { holderIdentity: "", leaseDurationSeconds: 1 },
      want: { ...none, leaseDurationSeconds: 1 },
    },
    { name: "whole", spec: { ...RECORD }, want: RECORD },
  ]) {
    test(name, async () => {
      const api = createFakeApi("kms", "talos-kms-leader");
      api.lease = { metadata: { resourceVersion: "7" }, ...(spec === undefined ? {} : { spec }) };
      const lock = createLeaseLock({ request: api.request, ...WHERE });
      expect((await lock.get(never))?.record).toEqual(want);
    });
  }
});

describe("answers", () => {
  const secret = "Bearer-s3cret";
  for (const { name, status, body = "", code, message = /^cannot|^may not|no lease$/ } of [
    { name: "401", status: 401, code: "ERR_LEADER_FORBIDDEN" },
    {
      name: "403",
      status: 403,
      body: JSON.stringify({ reason: "Forbidden", message: secret }),
      code: "ERR_LEADER_FORBIDDEN",
      message: /^may not get the lease \(403 Forbidden\): get, create and update/,
    },
    { name: "429", status: 429, code: "ERR_LEADER_API" },
    {
      name: "500 with a reason that is none",
      status: 500,
      body: JSON.stringify({ reason: `${secret}\n` }),
      code: "ERR_LEADER_API",
      message: /\(500\)$/,
    },
    { name: "503", status: 503, body: secret, code: "ERR_LEADER_API" },
    { name: "a redirect", status: 302, code: "ERR_LEADER_API" },
    { name: "no JSON", status: 200, body: secret, code: "ERR_LEADER_ANSWER" },
    { name: "half JSON", status: 200, body: '{"kind":"Lease","meta', code: "ERR_LEADER_ANSWER" },
    { name: "a list", status: 200, body: "[]", code: "ERR_LEADER_ANSWER" },
    { name: "another kind", status: 200, body: leaseJson({ kind: "LeaseList" }), code: "ERR_LEADER_ANSWER" },
    { name: "no metadata", status: 200, body: leaseJson({ metadata: null }), code: "ERR_LEADER_ANSWER" },
    { name: "no version", status: 200, body: leaseJson({ metadata: {} }), code: "ERR_LEADER_ANSWER" },
    {
      name: "an empty version",
      status: 200,
      body: leaseJson({ metadata: { resourceVersion: "" } }),
      code: "ERR_LEADER_ANSWER",
    },
    { name: "a spec that is none", status: 200, body: leaseJson({ spec: 1 }), code: "ERR_LEADER_ANSWER" },
    {
      name: "a holder that is none",
      status: 200,
      body: leaseJson({ spec: { holderIdentity: 1 } }),
      code: "ERR_LEADER_ANSWER",
    },
    {
      name: "a duration in text",
      status: 200,
      body: leaseJson({ spec: { leaseDurationSeconds: "15" } }),
      code: "ERR_LEADER_ANSWER",
    },
    {
      name: "half a transition",
      status: 200,
      body: leaseJson({ spec: { leaseTransitions: 0.5 } }),
      code: "ERR_LEADER_ANSWER",
    },
  ]) {
    test(name, async () => {
      const lock = createLeaseLock({ request: async () => ({ status, body }), ...WHERE });
      const error = await lock.get(never).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ name: "LeaderError", code, message: expect.stringMatching(message) });
      expect(String(error)).not.toContain("s3cret");
    });
  }

  test("none at all", async () => {
    const cause = new Error("connection refused");
    const lock = createLeaseLock({ request: () => Promise.reject(cause), ...WHERE });
    await expect(lock.get(never)).rejects.toMatchObject({ code: "ERR_LEADER_API", cause });
  });
});

describe("names that would make another path are refused", () => {
  const request: RequestKubernetes = () => Promise.reject(new Error("must not be asked"));
  for (const { namespace = "kms", name = "lease" } of [
    { namespace: "" },
    { namespace: "." },
    { namespace: "a/b" },
    { namespace: "kube.system" },
    { namespace: "KMS" },
    { namespace: "a".repeat(64) },
    { name: "" },
    { name: ".." },
    { name: "a..b" },
    { name: "a/b" },
    { name: "a?b" },
    { name: "-a" },
    { name: "a%2fb" },
    { name: "a\n" },
    { name: `${"a.".repeat(126)}ab` },
  ]) {
    test(JSON.stringify({ namespace, name }).slice(0, 60), () => {
      expect(() => createLeaseLock({ request, namespace, name })).toThrow(
        expect.objectContaining({ code: "ERR_LEADER_NAME" }),
      );
    });
  }

  test("the longest are not", () => {
    expect(() =>
      createLeaseLock({ request, namespace: "a".repeat(63), name: `${"a.".repeat(126)}a` }),
    ).not.toThrow();
  });
});

test("two candidates on one API: one leads, and hands over when it stops", async () => {
  const api = createFakeApi("kms", "talos-kms-leader");
  const timers = createFakeTimers();
  const [a, b] = ["a", "b"].map((identity) =>
    createElector({
      lock: createLeaseLock({ request: api.request, ...WHERE }),
      identity,
      durations: { leaseDuration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 },
      timers,
      wallClock: () => timers.now(),
      random: () => 0,
    }),
  );
  if (a === undefined || b === undefined) throw new Error("no candidates");
  a.start();
  await timers.advance(100);
  b.start();
  await timers.advance(60_000);
  expect([a.isLeader(), b.isLeader(), b.leader()]).toEqual([true, false, "a"]);
  await a.stop();
  await timers.advance(2_000);
  expect([b.isLeader(), api.lease?.spec]).toEqual([
    true,
    expect.objectContaining({ holderIdentity: "b", leaseDurationSeconds: 15, leaseTransitions: 1 }),
  ]);
  await b.stop();
  expect(new Set(api.requests.map(({ method }) => method))).toEqual(new Set(["GET", "POST", "PUT"]));
});

function leaseJson(changes: object): string {
  return JSON.stringify({ kind: "Lease", metadata: { resourceVersion: "7" }, spec: {}, ...changes });
}
