import { strict as assert } from "node:assert";
import { randomUUID } from "node:crypto";
import { createToken } from "../integration-openbao/openbao-setup.ts";
import type { OpenBao } from "../integration-openbao/openbao.ts";
import { until } from "../integration-openbao/wait.ts";
import { opens, oneRefusal, refused, roundTrip, type Case } from "./checks.ts";
import type { TalosNode, Target } from "./node.ts";
import { startKms, type Kms } from "./program.ts";

export interface ClusterInput {
  readonly name: string;
  readonly active: OpenBao;
  readonly standby: OpenBao;
  /** Whether standbys decrypt by themselves. */
  readonly standbyReads: boolean;
  readonly node: TalosNode;
  readonly caFile: string;
  readonly serving: { readonly certFile: string; readonly keyFile: string };
}

/** New nodes at once: each Seal makes a key at the active node and unseals at the standby. */
const NEW_NODES = 20;

/** Three OpenBao nodes, and a kms-vault that knows only a standby of them. */
export function clusterCases(input: ClusterInput): readonly Case[] {
  const { active, standby, standbyReads, node, caFile, serving } = input;

  async function withKms<T>(
    env: Readonly<Record<string, string>>,
    use: (target: Target, kms: Kms) => Promise<T>,
  ): Promise<T> {
    assert.equal((await standby.health()).state, "standby");
    const kms = await startKms({
      env: {
        VAULT_ADDR: standby.address,
        VAULT_CACERT: standby.caFile,
        VAULT_TOKEN: await createToken(active),
        ...env,
      },
      serving,
    });
    try {
      return await use({ endpoints: [`https://${kms.hostPort}`], caFile }, kms);
    } finally {
      await kms.stop();
    }
  }

  const cases: readonly Case[] = [
    {
      name: "new nodes all at once: each is sealed for, and unseals at once",
      run: () =>
        withKms({}, async (target) => {
          const seals = await Promise.all(
            Array.from({ length: NEW_NODES }, async () => {
              const uuid = randomUUID();
              const { code, text, data, key, ms } = await node.seal(target, uuid);
              assert.equal(code, "OK", text);
              await opens(node, target, uuid, data, key);
              return ms;
            }),
          );
          return `${NEW_NODES} first Seals, the slowest took ${Math.max(...seals).toFixed(0)} ms`;
        }),
    },
    {
      name: standbyReads ? "the standby unseals by itself" : "the standby has the active node unseal",
      run: () =>
        withKms({}, async (target) => {
          const uuid = randomUUID();
          const { key, blob } = await roundTrip(node, target, uuid);
          const path = `transit/decrypt/${uuid}`;
          const count = (bao: OpenBao): number => bao.auditedPaths().filter((seen) => seen === path).length;
          const before = [count(standby), count(active)];
          await opens(node, target, uuid, blob, key);
          assert.deepEqual(
            [count(standby), count(active)].map((after, at) => after - (before[at] ?? 0)),
            [standbyReads ? 1 : 0, standbyReads ? 0 : 1],
          );
        }),
    },
    {
      name: "foreign, cut and flipped blobs are refused alike",
      run: () => withKms({}, (target) => oneRefusal(node, target, "vault:v1:".length)),
    },
    {
      name: "KMS_KEY_POLICY=precreate: a key made at the active node serves at the standby",
      run: () =>
        withKms({ KMS_KEY_POLICY: "precreate" }, async (target) => {
          const uuid = randomUUID();
          refused(await node.seal(target, uuid), "PermissionDenied");
          await active.admin({ method: "POST", path: `transit/keys/${uuid}`, body: {} });
          const from = performance.now();
          // A standby that unseals by itself hears of the key a moment later.
          await until("the standby knows the key", async () => {
            const { code, text } = await node.seal(target, uuid);
            assert.ok(code === "OK" || code === "PermissionDenied", text);
            return code === "OK";
          });
          const ms = Math.round(performance.now() - from);
          await roundTrip(node, target, uuid);
          return `known within ${ms} ms`;
        }),
    },
    {
      name: "the active node steps down: the same kms-vault seals on",
      run: () =>
        withKms({}, async (target) => {
          const uuid = randomUUID();
          const { key, blob } = await roundTrip(node, target, uuid);
          await active.admin({ method: "PUT", path: "sys/step-down", body: {} });
          const from = performance.now();
          await opens(node, target, uuid, blob, key);
          await roundTrip(node, target, randomUUID());
          return `served again ${Math.round(performance.now() - from)} ms after the step-down, no call failed`;
        }),
    },
  ];
  return cases.map(({ name, run }) => ({ name: `${input.name}: ${name}`, run }));
}
