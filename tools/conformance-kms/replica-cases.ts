import { strict as assert } from "node:assert";
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createAppRole, createSecretId } from "../integration-openbao/openbao-setup.ts";
import type { OpenBao } from "../integration-openbao/openbao.ts";
import { opens, roundTrip, type Case } from "./checks.ts";
import type { FailedAttempt, LoadResult, TalosNode } from "./node.ts";
import { startKms, type Kms } from "./program.ts";

export interface ReplicaInput {
  readonly bao: OpenBao;
  readonly node: TalosNode;
  readonly caFile: string;
  readonly serving: { readonly certFile: string; readonly keyFile: string };
}

const CALLERS = 60;
const LOAD_MS = 1_500;

/** Two replicas, each with a login of its own, and a client that turns to the other one where nobody answers. */
export function replicaCases({ bao, node, caFile, serving }: ReplicaInput): readonly Case[] {
  async function withReplicas<T>(use: (one: Kms, other: Kms) => Promise<T>): Promise<T> {
    const roleId = await createAppRole(bao, "replicas", { token_policies: "kms", token_ttl: "600s" });
    const secretId = await createSecretId(bao, "replicas");
    const env = {
      VAULT_ADDR: bao.address,
      VAULT_CACERT: bao.caFile,
      VAULT_ROLE_ID: roleId,
      VAULT_SECRET_ID: secretId,
      LOG_LEVEL: "warn",
    };
    const replicas = await Promise.all([startKms({ env, serving }), startKms({ env, serving })]);
    try {
      return await use(...replicas);
    } finally {
      for (const replica of replicas) {
        replica.signal("SIGTERM");
        await replica.ended;
      }
    }
  }

  const targetOf = (...replicas: readonly Kms[]): { endpoints: string[]; caFile: string } => ({
    endpoints: replicas.map(({ hostPort }) => `https://${hostPort}`),
    caFile,
  });

  /** Both replicas under load; at half-time `end` ends the first. */
  async function endUnderLoad(
    one: Kms,
    other: Kms,
    end: (kms: Kms) => void,
  ): Promise<{ readonly result: LoadResult; readonly endedAt: number; readonly status: number | null }> {
    const uuid = randomUUID();
    const target = targetOf(one, other);
    const { key, blob } = await roundTrip(node, target, uuid);
    const finish = await node.load(target, { uuid, data: blob, want: key, callers: CALLERS });
    await delay(LOAD_MS);
    const endedAt = Date.now();
    end(one);
    const status = await one.ended;
    await delay(LOAD_MS);
    const result = await finish();
    assert.equal(result.wrong, 0);
    assert.equal(result.failed, 0, "calls failed that the other replica could have served");
    assert.ok(result.unsealed > CALLERS, `only ${result.unsealed} calls`);
    await opens(node, target, uuid, blob, key);
    return { result, endedAt, status };
  }

  return [
    {
      name: "two replicas: what one sealed the other unseals; a client finds the one that is there",
      run: () =>
        withReplicas(async (one, other) => {
          const uuid = randomUUID();
          const { key, blob } = await roundTrip(node, targetOf(one), uuid);
          await opens(node, targetOf(other), uuid, blob, key);
          await one.stop();
          await opens(node, targetOf(one, other), uuid, blob, key);
          await roundTrip(node, targetOf(one, other), randomUUID());
        }),
    },
    {
      name: "two replicas under load, one killed: only calls in flight there fail, and the other serves them",
      run: () =>
        withReplicas(async (one, other) => {
          const { result, endedAt } = await endUnderLoad(one, other, (kms) => kms.signal("SIGKILL"));
          const { lost, refused } = sort(result.attempts);
          assert.ok(lost.length > 0 && lost.length <= CALLERS, `${lost.length} calls were cut off`);
          for (const attempt of lost) {
            assert.ok(attempt.endpoint.endsWith(one.hostPort), describe(attempt));
            assert.ok(attempt.startMs <= endedAt + 50, `begun after the kill: ${describe(attempt)}`);
          }
          return `${result.calls} calls, ${lost.length} cut off in flight, ${refused.length} met a closed port, ${result.failed} failed at both`;
        }),
    },
    {
      name: "two replicas under load, one told to stop: no call it took fails",
      run: () =>
        withReplicas(async (one, other) => {
          const { result, status } = await endUnderLoad(one, other, (kms) => kms.signal("SIGTERM"));
          const { lost, refused } = sort(result.attempts);
          assert.deepEqual(lost, []);
          assert.equal(status, 0);
          return `${result.calls} calls, 0 cut off, ${refused.length} met a closed port, ${result.failed} failed at both`;
        }),
    },
  ];
}

/** A port that is closed took no call; whatever else failed was lost on its way. */
function sort(attempts: readonly FailedAttempt[]): {
  readonly lost: readonly FailedAttempt[];
  readonly refused: readonly FailedAttempt[];
} {
  const isRefused = ({ text }: FailedAttempt): boolean => text.includes("connect: connection refused");
  return {
    refused: attempts.filter(isRefused),
    lost: attempts.filter((attempt) => !isRefused(attempt)),
  };
}

function describe({ endpoint, code, text }: FailedAttempt): string {
  return `${endpoint} ${code}: ${text}`;
}
