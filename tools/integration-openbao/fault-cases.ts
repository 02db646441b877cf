import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { makeCa, makeLeaf, type CertificateFiles } from "./certificates.ts";
import {
  NODE,
  opens,
  refused,
  roundTrip,
  settingsFor,
  withClient,
  type Case,
  type TestClient,
} from "./client.ts";
import { createAppRole, createSecretId, createToken } from "./openbao-setup.ts";
import type { OpenBao } from "./openbao.ts";
import { until } from "./wait.ts";

interface FaultCasesInput {
  readonly bao: OpenBao;
  readonly ca: CertificateFiles;
  readonly serving: CertificateFiles;
  readonly folder: string;
  readonly note: (text: string) => void;
}

/** What a server goes through. Each case leaves it running and unsealed. */
export function faultCases({ bao, ca, serving, folder, note }: FaultCasesInput): readonly Case[] {
  let kept = "";

  async function appRole(name: string, ttl: string, maxTtl: string) {
    const roleId = await createAppRole(bao, name, {
      token_policies: ["kms"],
      token_ttl: ttl,
      token_max_ttl: maxTtl,
    });
    const secretId = await createSecretId(bao, name);
    return settingsFor(bao, {
      auth: { method: "approle", roleId: { text: roleId }, secretId: { text: secretId } },
    });
  }

  /** Eight calls at once while the fault lasts, then one that must work without anything else being done. */
  async function outage(
    { transit }: TestClient,
    codes: readonly string[],
    end: () => Promise<void>,
  ): Promise<void> {
    const results = await Promise.all(
      Array.from({ length: 8 }, () => refused(transit.decrypt({ key: NODE, ciphertext: kept }), codes)),
    );
    note(
      `${results[0]?.code} after ${Math.min(...results.map(({ ms }) => ms))} to ${Math.max(...results.map(({ ms }) => ms))} ms`,
    );
    await end();
    await opens(transit, kept);
  }

  return [
    {
      name: "max TTL passed, several times: no call fails and none meets a 403",
      async run() {
        await withClient(await appRole("short", "3s", "6s"), async ({ transit, events, count }) => {
          const end = performance.now() + 20_000;
          while (performance.now() < end) {
            await roundTrip(transit);
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
          note(`${count("loggedIn")} logins, ${count("auth/token/renew-self 200")} renewals in 20 s`);
          assert.ok(count("loggedIn") >= 3);
          assert.ok(count("auth/token/renew-self 200") >= 3);
          assert.deepEqual(
            events.filter((event) => event.endsWith(" 403")),
            [],
          );
        });
      },
    },
    {
      name: "the token revoked: 20 calls share one login, and all work",
      async run() {
        await withClient(await appRole("revoked", "1h", "4h"), async ({ transit, count }) => {
          kept = await roundTrip(transit);
          await new Promise((resolve) => setTimeout(resolve, 10_100)); // at most one login in 10 s
          await bao.admin({ method: "PUT", path: "sys/leases/revoke-prefix/auth/approle/login", body: {} });
          await Promise.all(Array.from({ length: 20 }, () => opens(transit, kept)));
          assert.equal(count("loggedIn"), 2);
        });
      },
    },
    {
      name: "killed: unavailable within the budget, then the same client goes on",
      async run() {
        await withClient(await appRole("killed", "1h", "4h"), async (client) => {
          kept = await roundTrip(client.transit);
          await bao.stop("SIGKILL");
          await outage(client, ["ERR_VAULT_UNAVAILABLE"], async () => {
            await bao.restart();
            await bao.unseal();
          });
        });
      },
    },
    {
      name: "killed and back within one call: the call works",
      async run() {
        await withClient(await appRole("blink", "1h", "4h"), async ({ transit }) => {
          kept = await roundTrip(transit);
          await bao.stop("SIGKILL");
          const call = opens(transit, kept);
          await bao.restart();
          await bao.unseal();
          await call;
        });
      },
    },
    {
      name: "frozen (SIGSTOP): a time-out within the budget, then the same client goes on",
      async run() {
        await withClient(await appRole("frozen", "1h", "4h"), async (client) => {
          kept = await roundTrip(client.transit);
          bao.signal("SIGSTOP");
          try {
            await outage(client, ["ERR_VAULT_TIMEOUT"], async () => {
              bao.signal("SIGCONT");
            });
          } finally {
            bao.signal("SIGCONT");
          }
        });
      },
    },
    {
      name: "sealed: sealed within the budget, then the same client goes on",
      async run() {
        await withClient(await appRole("sealed", "1h", "4h"), async (client) => {
          kept = await roundTrip(client.transit);
          await bao.seal();
          assert.equal((await client.vault.health()).state, "sealed");
          await outage(client, ["ERR_VAULT_SEALED"], () => bao.unseal());
        });
      },
    },
    {
      name: "absent at start: waited for",
      async run() {
        const settings = await appRole("absent", "1h", "4h");
        await bao.stop("SIGKILL");
        await withClient(settings, async ({ vault, transit, events }) => {
          await refused(transit.decrypt({ key: NODE, ciphertext: kept }), [
            "ERR_VAULT_UNAUTHENTICATED",
            "ERR_VAULT_TIMEOUT",
          ]);
          assert.equal(vault.session.state().authenticated, false);
          await bao.restart();
          await bao.unseal();
          await until("the session is authenticated", () => vault.session.state().authenticated);
          await opens(transit, kept);
          assert.ok(events.includes("loginFailed ERR_VAULT_UNAVAILABLE"));
        });
      },
    },
    {
      name: "the server's certificate rotated, first within its CA, then to another",
      async run() {
        const token = await createToken(bao);
        await withClient(
          settingsFor(bao, { auth: { method: "token", token } }),
          async ({ vault, transit }) => {
            kept = await roundTrip(transit);
            const install = (leaf: CertificateFiles): void => {
              writeFileSync(serving.certFile, readFileSync(leaf.certFile));
              writeFileSync(serving.keyFile, readFileSync(leaf.keyFile));
              bao.signal("SIGHUP");
            };
            install(makeLeaf(folder, "renewed", ca));
            await vault.reloadTls();
            await opens(transit, kept);
            const other = makeCa(folder, "other-ca");
            install(makeLeaf(folder, "moved", other));
            await opens(transit, kept); // the kept connection
            const bundle = readFileSync(ca.certFile, "utf8") + readFileSync(other.certFile, "utf8");
            writeFileSync(ca.certFile, bundle);
            bao.trust(bundle);
            await vault.reloadTls();
            await opens(transit, kept);
          },
        );
      },
    },
  ];
}
