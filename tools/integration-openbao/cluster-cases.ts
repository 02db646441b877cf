import { Code, ConnectError } from "@connectrpc/connect";
import { strict as assert } from "node:assert";
import {
  createHttpRequest,
  createTransit,
  createVaultCall,
  isVaultError,
  type Transit,
} from "@talos-bridge/vault";
import { readFileSync } from "node:fs";
import { NODE, opens, SECRET, settingsFor, withClient, type Case } from "./client.ts";
import { createToken } from "./openbao-setup.ts";
import type { OpenBao } from "./openbao.ts";
import { until } from "./wait.ts";
import { sealKey, unsealKey, withProgram } from "./program.ts";

/** A standby serves reads by itself and hears of a new key a little later than the active node. */
async function roundTripBehind(transit: Transit): Promise<string> {
  const { ciphertext } = await transit.encrypt({ key: NODE, plaintext: SECRET });
  await until("the standby has the key", async () => {
    try {
      await opens(transit, ciphertext);
      return true;
    } catch (error) {
      if (isVaultError(error, "ERR_VAULT_KEY_NOT_FOUND")) return false;
      throw error;
    }
  });
  return ciphertext;
}

/** Three nodes, the first one active. The last two cases kill the active one. */
export function clusterCases({
  nodes,
  note,
}: {
  readonly nodes: readonly [OpenBao, OpenBao, OpenBao];
  readonly note: (text: string) => void;
}): readonly Case[] {
  const [active, standby, third] = nodes;
  return [
    {
      name: "a standby in front serves",
      async run() {
        const token = await createToken(active);
        assert.equal((await standby.health()).state, "standby");
        await withClient(settingsFor(standby, { auth: { method: "token", token } }), async ({ transit }) => {
          await roundTripBehind(transit);
        });
      },
    },
    {
      name: "a standby that does not forward: its 307 is followed with the body",
      async run() {
        const token = await createToken(active);
        const ca = standby.caFile === undefined ? undefined : readFileSync(standby.caFile, "utf8");
        const statuses: number[] = [];
        const http = createHttpRequest({ address: standby.address, tls: { ca } });
        const call = createVaultCall({
          headers: { "X-Vault-No-Request-Forwarding": "true" },
          async request(message) {
            const response = await http.request(message);
            statuses.push(response.status);
            return response;
          },
        });
        const transit = createTransit({ call: (operation) => call({ ...operation, token }) });
        await transit.encrypt({ key: "made-through-a-redirect", plaintext: SECRET });
        http.close();
        assert.deepEqual(statuses, [200]);
        assert.ok(active.auditedPaths().includes("transit/encrypt/made-through-a-redirect"));
      },
    },
    {
      name: "the active node killed: calls through a standby wait for the next one, none is wrong",
      async run() {
        const token = await createToken(active);
        await withClient(settingsFor(standby, { auth: { method: "token", token } }), async ({ transit }) => {
          const ciphertext = await roundTripBehind(transit);
          await active.stop("SIGKILL");
          const from = performance.now();
          let failed = 0;
          let slowest = 0;
          const isLed = async (): Promise<boolean> =>
            (await standby.health()).state === "active" || (await third.health()).state === "active";
          await until("another node is active", async () => {
            const at = performance.now();
            await opens(transit, ciphertext, NODE).catch(() => (failed += 1));
            slowest = Math.max(slowest, performance.now() - at);
            return await isLed();
          });
          note(
            `${failed} failed calls, slowest ${Math.round(slowest)} ms, new leader after ${Math.round(performance.now() - from)} ms`,
          );
          assert.ok(slowest <= 8_100);
          await transit.encrypt({ key: "after-the-election", plaintext: SECRET });
          await opens(transit, ciphertext);
        });
      },
    },
    {
      name: "kms-vault in front of a standby, the active node killed: it goes on, or says try again, until there is another",
      async run() {
        await active.restart();
        await active.unseal();
        const states = await Promise.all(nodes.map(async (node) => ({ node, ...(await node.health()) })));
        const leading = states.find(({ state }) => state === "active")?.node;
        const others = nodes.filter((node) => node !== leading);
        const [front] = others;
        assert.ok(leading !== undefined && front !== undefined);
        const token = await createToken(active);
        const env = { VAULT_ADDR: front.address, VAULT_CACERT: front.caFile ?? "", VAULT_TOKEN: token };
        await withProgram(env, async ({ kms, connect }) => {
          const data = await sealKey(kms, NODE);
          const codes = new Map<string, number>();
          let slowest = 0;
          const ask = async (call: Promise<unknown>): Promise<void> => {
            const at = performance.now();
            const code = await call.then(
              () => "OK",
              (error: unknown) => Code[ConnectError.from(error).code],
            );
            slowest = Math.max(slowest, performance.now() - at);
            codes.set(code, (codes.get(code) ?? 0) + 1);
          };
          await leading.stop("SIGKILL");
          const from = performance.now();
          await until("another node is active", async () => {
            // A standby opens what it has a key for by itself; a Seal needs the active node.
            await Promise.all([ask(unsealKey(kms, NODE, data)), ask(sealKey(connect(), NODE))]);
            return (await Promise.all(others.map((node) => node.health()))).some(
              ({ state }) => state === "active",
            );
          });
          const counts = [...codes].map(([code, count]) => `${code} ${count}`).join(", ");
          note(
            `${counts}, slowest ${Math.round(slowest)} ms, new leader after ${Math.round(performance.now() - from)} ms`,
          );
          assert.deepEqual(
            [...codes.keys()].filter((code) => code !== "OK" && code !== "Unavailable"),
            [],
          );
          assert.ok(slowest < 8_500);
          await unsealKey(kms, NODE, await sealKey(kms, NODE));
          await unsealKey(kms, NODE, data);
        });
      },
    },
  ];
}
