import { encodeCertificates } from "@talos-bridge/pki";
import { beforeAll, describe, expect, test } from "vitest";
import type { RotationPorts } from "../src/rotation/ports.ts";
import { beginRotation, notePatched, readState, rotateUntil } from "../src/rotation/rotate.ts";
import { STAGES, type Stage } from "../src/rotation/stage.ts";
import {
  makeAuthority,
  NODES,
  planned,
  SIGNER,
  SimulatedCluster,
  type Authority,
} from "./support/simulated-cluster.ts";

let authorities: readonly Authority[] = [];
beforeAll(async () => {
  authorities = await Promise.all(Array.from({ length: 4 }, makeAuthority));
});

function newCluster(): SimulatedCluster {
  const [old, ...next] = authorities;
  if (old === undefined) throw new Error("no CA was made");
  return new SimulatedCluster(old, next);
}

const CHOICES = { nodes: [...NODES], signers: [SIGNER], context: "demo" };

async function rotate(cluster: SimulatedCluster, ports: RotationPorts, last: Stage): Promise<void> {
  const state = (await readState(ports)) ?? (await beginRotation(ports, cluster.old.pair, CHOICES));
  await rotateUntil(last, ports, cluster.old.pair, state);
}

/** Everybody goes to where the files are, in the quick order. */
function followAtOnce(cluster: SimulatedCluster): () => void {
  return () => {
    const stage = cluster.currentStage();
    if (stage === undefined) return;
    cluster.deliver(stage, "pair");
    cluster.deliver(stage, "list");
    for (const node of NODES) cluster.renew(node);
    cluster.takeTalosconfig(stage);
    cluster.expectNobodyLost();
  };
}

function expectRotated(cluster: SimulatedCluster): void {
  expect(cluster.newCas.size).toBe(1);
  const [next = ""] = cluster.newCas;
  const { config, accepted } = planned("forget", { old: cluster.old.pair.certificate, new: next });
  for (const node of NODES)
    expect(cluster.workerOf(node)).toEqual({ config, answer: { issuer: next, accepted } });
  expect(cluster.files.get("stage-3-forget/secrets.yaml")).toBe(next);
}

test("--apply goes through all stages: start up to the second, finish the third", async () => {
  const cluster = newCluster();
  const ports = cluster.ports({ onLook: followAtOnce(cluster), apply: true });
  await rotate(cluster, ports, "issue");
  expect((await readState(ports))?.stage).toBe("issue");
  expect(cluster.files.has("stage-3-forget/node-patch.yaml")).toBe(false);
  await rotate(cluster, ports, "forget");
  expect((await readState(ports))?.stage).toBe("done");
  expectRotated(cluster);
  expect(cluster.acts).toEqual([
    "create-ca",
    "issue-client-certificate",
    "issue-client-certificate",
    ...Array.from({ length: 4 }, () => "write-ca-key"),
  ]);
});

test("stages are entered one after another, each only when nothing is missing", async () => {
  const cluster = newCluster();
  const stages: string[] = [];
  const missing: number[] = [];
  const ports = cluster.ports({ onLook: followAtOnce(cluster), apply: true });
  await rotate(
    cluster,
    {
      ...ports,
      tell: {
        ...ports.tell,
        stage: (stage) => void stages.push(stage),
        waiting: (evidence) => void missing.push(evidence.filter(({ ok }) => !ok).length),
      },
    },
    "forget",
  );
  expect(stages).toEqual(STAGES);
  expect(missing.every((count) => count > 0)).toBe(true);
});

describe("a node that does not follow", () => {
  test.each([
    { name: "is never patched", apply: false, renews: true },
    { name: "never renews", apply: true, renews: false },
  ])("$name: no stage is left", async ({ apply, renews }) => {
    const cluster = newCluster();
    let looks = 0;
    const ports = cluster.ports({
      apply,
      onLook() {
        cluster.deliver("accept", "list");
        for (const node of NODES) if (renews || node === NODES[0]) cluster.renew(node);
        if (++looks > 20) throw new Error("out of time");
      },
    });
    await expect(rotate(cluster, ports, "issue")).rejects.toThrow("out of time");
    expect((await readState(ports))?.stage).toBe("accept");
  });
});

test("a patch that fails is tried again, and other nodes do not wait for it", async () => {
  const cluster = newCluster();
  let failures = 3;
  const ports = cluster.ports({ onLook: followAtOnce(cluster), apply: true });
  await rotate(
    cluster,
    {
      ...ports,
      async patchNode(node, stage) {
        if (node === NODES[0] && failures-- > 0) return "talosctl ended with status 1";
        return ports.patchNode?.(node, stage);
      },
    },
    "forget",
  );
  expectRotated(cluster);
});

/** Numbers from 0 up to 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test.each(Array.from({ length: 16 }, (_, seed) => seed))(
  "order %i: whatever nodes, signer and people do first, nobody loses trust",
  async (seed) => {
    const cluster = newCluster();
    const random = randomOf(seed);
    const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
    const patched: { readonly stage: Stage; readonly node: string }[] = [];
    const ports = cluster.ports({
      apply: false,
      onLook() {
        const stage = cluster.currentStage();
        if (stage === undefined) return;
        const moves = [
          () => cluster.deliver(stage, "pair"),
          () => cluster.deliver(stage, "list"),
          () => cluster.takeTalosconfig(stage),
          ...NODES.flatMap((node) => [
            () => {
              cluster.patch(node, stage);
              patched.push({ stage, node });
            },
            () => cluster.renew(node),
          ]),
        ];
        for (let count = 1 + Math.floor(random() * 3); count > 0; count--) {
          pick(moves)?.();
          // A worker that renews at every step is the first to notice.
          if (seed % 2 === 0) for (const node of NODES) cluster.renew(node);
          cluster.expectNobodyLost();
        }
      },
    });
    let entered = 0;
    const slow: RotationPorts = {
      ...ports,
      // People come up to one stage late.
      tell: {
        ...ports.tell,
        stage: (stage) =>
          void (entered++ > 0 && cluster.takeTalosconfig(STAGES[STAGES.indexOf(stage) - 1] ?? stage)),
      },
    };
    for (let runs = 0; (await readState(slow))?.stage !== "done"; runs++) {
      if (runs > 200) throw new Error("it does not end");
      // A run ends with the operator's patience; the next one says what was patched meanwhile.
      let looks = 0;
      const run: RotationPorts = {
        ...slow,
        sleep: async () => {
          if (++looks > 3) throw new Error("out of time");
        },
      };
      let state = await readState(run);
      for (const { stage, node } of patched) state &&= await notePatched(run, state, stage, [node]);
      await rotate(cluster, run, "forget").catch((error: unknown) => {
        if (!(error instanceof Error && error.message === "out of time")) throw error;
      });
    }
    expectRotated(cluster);
  },
);

/** Ports that end the run before the n-th effect: what a run has in memory after the one before is gone as well. */
function cutAt(ports: RotationPorts, n: number): { ports: RotationPorts; effects: () => number } {
  let count = 0;
  const cut =
    <Args extends readonly unknown[], T>(effect: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      if (count++ === n) throw new Error("killed");
      return effect(...args);
    };
  return {
    effects: () => count,
    ports: {
      ...ports,
      files: { ...ports.files, write: cut(ports.files.write) },
      recordAct: cut(ports.recordAct),
      createCa: cut(ports.createCa),
      issueClient: cut(ports.issueClient),
      patchNode: ports.patchNode && cut(ports.patchNode),
      look: cut(ports.look),
    },
  };
}

test("killed at any effect and run again, it resumes, and there is one new CA", async () => {
  const whole = newCluster();
  const counted = cutAt(whole.ports({ onLook: followAtOnce(whole), apply: true }), -1);
  await rotate(whole, counted.ports, "forget");
  expect(counted.effects()).toBeGreaterThan(40);
  for (let n = 0; n < counted.effects(); n++) {
    const cluster = newCluster();
    const ports = cluster.ports({ onLook: followAtOnce(cluster), apply: true });
    await expect(rotate(cluster, cutAt(ports, n).ports, "forget"), `effect ${n}`).rejects.toThrow("killed");
    cluster.expectNobodyLost();
    await rotate(cluster, ports, "forget");
    expectRotated(cluster);
  }
});

test("client certificates that end soon are replaced before they are used to judge a node", async () => {
  const cluster = newCluster();
  const ports = cluster.ports({ onLook: followAtOnce(cluster), apply: true });
  const begun = await beginRotation(ports, cluster.old.pair, CHOICES);
  // A leaf of the simulation is valid for 24 hours.
  const ending = { ...begun.clients.old, certificate: encodeCertificates([cluster.old.leaf]) };
  const late = new Date(cluster.old.leaf.notAfter.getTime() - 30 * 60_000);
  const looked: boolean[] = [];
  const { clients } = await rotateUntil(
    "accept",
    {
      ...ports,
      now: () => late,
      look(state) {
        looked.push(state.clients.old === ending);
        return ports.look(state);
      },
    },
    cluster.old.pair,
    { ...begun, clients: { ...begun.clients, old: ending } },
  );
  expect(new Set(looked)).toEqual(new Set([false]));
  expect(clients).toEqual(begun.clients);
  expect((await readState(ports))?.clients).toEqual(clients);
});

test("start does not go on with what finish has begun", async () => {
  const cluster = newCluster();
  const ports = cluster.ports({ onLook: followAtOnce(cluster), apply: true });
  const state = await beginRotation(ports, cluster.old.pair, CHOICES);
  const forgetting = { ...state, stage: "forget" as const };
  expect(await rotateUntil("issue", ports, cluster.old.pair, forgetting)).toBe(forgetting);
});

test("what is said of a stage that is still to come is refused, of one that was left it is nothing new", async () => {
  const cluster = newCluster();
  const ports = cluster.ports({ onLook: followAtOnce(cluster), apply: true });
  const begun = await beginRotation(ports, cluster.old.pair, CHOICES);
  await expect(notePatched(ports, begun, "issue", NODES)).rejects.toMatchObject({ id: "TB1103" });
  await rotate(cluster, ports, "issue");
  const there = await readState(ports);
  if (there === undefined) throw new Error("there is a state");
  expect(await notePatched(ports, there, "accept", NODES)).toBe(there);
});
