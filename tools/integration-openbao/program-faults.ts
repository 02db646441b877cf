// What kms-vault answers while its OpenBao is in trouble, and that it unseals again afterwards without a restart.
import { strict as assert } from "node:assert";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCa, makeLeaf, type CertificateFiles } from "./certificates.ts";
import { NODE, type Case } from "./client.ts";
import { startFaultProxy, type ProxyFault } from "./fault-proxy.ts";
import { createAppRole, createSecretId, createToken } from "./openbao-setup.ts";
import type { OpenBao } from "./openbao.ts";
import { until } from "./wait.ts";
import { DISK_KEY, refusalOf, sealKey, unsealKey, withProgram, type Program } from "./program.ts";

interface ProgramFaultsInput {
  readonly bao: OpenBao;
  readonly serving: CertificateFiles;
  readonly folder: string;
  readonly note: (text: string) => void;
}

/** The budget is 8 s; what is over is the way there and back on a busy machine. */
const MOST_MS = 8_500;
const CALLS = 8;

/** Calls at once while the fault lasts: all are refused alike, in time, and none is answered. */
export async function refusesAll(
  { connect }: Program,
  data: Uint8Array,
  codes: readonly string[],
  note: (text: string) => void,
): Promise<void> {
  // Each on a connection of its own, as nodes have them: a connection has four streams.
  const calls = [
    ...Array.from({ length: CALLS }, () => connect().unseal({ nodeUuid: NODE, data })),
    connect().seal({ nodeUuid: NODE, data: DISK_KEY }),
  ];
  const results = await Promise.all(calls.map(refusalOf));
  const times = results.map(({ ms }) => ms);
  const seen = [...new Set(results.map(({ code }) => code))];
  const others = results.filter(({ code }) => !codes.includes(code));
  note(`${seen.join(" and ")} after ${Math.min(...times)} to ${Math.max(...times)} ms`);
  assert.deepEqual(others, []);
  assert.ok(Math.max(...times) < MOST_MS, `took ${Math.max(...times)} ms`);
}

/** Talos tries again and again; so does this, and no try may give anything but the key or a refusal. */
export async function unsealsAgain({ kms }: Program, data: Uint8Array): Promise<void> {
  await until("the node unseals again", async () => {
    try {
      await unsealKey(kms, NODE, data);
      return true;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return false;
    }
  });
}

export function programFaults({ bao, serving, folder, note }: ProgramFaultsInput): readonly Case[] {
  const caFile = bao.caFile ?? "";

  async function appRole(
    name: string,
    life: Readonly<Record<string, string>> = {},
  ): Promise<Record<string, string>> {
    const roleId = await createAppRole(bao, name, { token_policies: ["kms"], token_ttl: "1h", ...life });
    const secretId = await createSecretId(bao, name);
    return {
      VAULT_ADDR: bao.address,
      VAULT_CACERT: caFile,
      VAULT_ROLE_ID: roleId,
      VAULT_SECRET_ID: secretId,
    };
  }

  const outage = (
    name: string,
    codes: readonly string[],
    begin: () => Promise<void>,
    end: () => Promise<void>,
  ): Case => ({
    name: `kms-vault, ${name}`,
    async run() {
      await withProgram(await appRole("program-fault"), async (program) => {
        const data = await sealKey(program.kms, NODE);
        await begin();
        try {
          await refusesAll(program, data, codes, note);
        } finally {
          await end();
        }
        await unsealsAgain(program, data);
      });
    },
  });

  const throughProxy = (name: string, fault: ProxyFault): Case => ({
    name: `kms-vault, ${name}`,
    async run() {
      const proxy = await startFaultProxy(bao);
      try {
        await withProgram(
          { ...(await appRole("program-proxy")), VAULT_ADDR: proxy.address },
          async (program) => {
            const data = await sealKey(program.kms, NODE);
            proxy.fault = fault;
            await refusesAll(program, data, ["Unavailable"], note);
            proxy.fault = undefined;
            await unsealsAgain(program, data);
          },
        );
      } finally {
        await proxy.close();
      }
    },
  });

  async function comesBack(): Promise<void> {
    await bao.restart();
    await bao.unseal();
  }

  return [
    outage("the server killed", ["Unavailable"], () => bao.stop("SIGKILL"), comesBack),
    outage(
      "the server paused (SIGSTOP)",
      ["Unavailable"],
      async () => bao.signal("SIGSTOP"),
      async () => bao.signal("SIGCONT"),
    ),
    outage(
      "the server sealed",
      ["Unavailable"],
      () => bao.seal(),
      () => bao.unseal(),
    ),
    throughProxy("429 each time", { status: 429, body: '{"errors":["rate limit quota exceeded"]}' }),
    throughProxy("500 each time", {
      status: 500,
      body: '{"errors":["1 error occurred:\\n\\t* internal error\\n\\n"]}',
    }),
    throughProxy("503 each time, as from a load balancer", { status: 503, body: "<html>no backend</html>" }),
    throughProxy("half JSON", "half JSON"),
    throughProxy("connections cut before the answer", "cut connection"),
    throughProxy("no answer at all", "silence"),
    {
      name: "kms-vault, its token revoked, then another one in its file",
      async run() {
        const file = join(folder, "program-token");
        const first = await createToken(bao, { ttl: "1h" });
        writeFileSync(file, first);
        const env = { VAULT_ADDR: bao.address, VAULT_CACERT: caFile, VAULT_TOKEN_FILE: file };
        await withProgram(env, async (program) => {
          const data = await sealKey(program.kms, NODE);
          await bao.admin({ method: "POST", path: "auth/token/revoke", body: { token: first } });
          await refusesAll(program, data, ["Unavailable"], note);
          writeFileSync(file, await createToken(bao, { ttl: "1h" }));
          await unsealsAgain(program, data);
        });
      },
    },
    {
      name: "kms-vault, its login's token revoked: a login of its own, within the call or ten seconds later",
      async run() {
        await withProgram(await appRole("program-revoked"), async (program) => {
          const data = await sealKey(program.kms, NODE);
          await bao.admin({ method: "PUT", path: "sys/leases/revoke-prefix/auth/approle/login", body: {} });
          await refusesAll(program, data, ["Unavailable"], note);
          await unsealsAgain(program, data);
        });
      },
    },
    {
      name: "kms-vault, a given token past its max TTL, then another one in its file",
      async run() {
        const file = join(folder, "program-short-token");
        writeFileSync(file, await createToken(bao, { explicit_max_ttl: "3s" }));
        const env = { VAULT_ADDR: bao.address, VAULT_CACERT: caFile, VAULT_TOKEN_FILE: file };
        await withProgram(env, async (program) => {
          const data = await sealKey(program.kms, NODE);
          await new Promise((resolve) => setTimeout(resolve, 3_500));
          await refusesAll(program, data, ["Unavailable"], note);
          writeFileSync(file, await createToken(bao, { ttl: "1h" }));
          await unsealsAgain(program, data);
        });
      },
    },
    {
      name: "kms-vault, logins past their max TTL, again and again: no call fails",
      async run() {
        await withProgram(
          await appRole("program-short", { token_ttl: "3s", token_max_ttl: "4s" }),
          async (program) => {
            const data = await sealKey(program.kms, NODE);
            let calls = 0;
            for (const end = performance.now() + 10_000; performance.now() < end; calls++) {
              await unsealKey(program.kms, NODE, data);
              await new Promise((resolve) => setTimeout(resolve, 50));
            }
            const logins = program.lines.filter(({ msg }) => msg === "logged in to vault").length;
            note(`${calls} calls, ${logins} logins in 10 s`);
            assert.ok(logins >= 3);
          },
        );
      },
    },
    {
      name: "kms-vault, the server's certificate rotated to another CA, then its CA file",
      async run() {
        const ownCa = join(folder, "program-ca.crt");
        cpSync(caFile, ownCa);
        await withProgram({ ...(await appRole("program-rotated")), VAULT_CACERT: ownCa }, async (program) => {
          const data = await sealKey(program.kms, NODE);
          const other = makeCa(folder, "program-other-ca");
          const leaf = makeLeaf(folder, "program-moved", other);
          await bao.stop("SIGKILL");
          writeFileSync(serving.certFile, readFileSync(leaf.certFile));
          writeFileSync(serving.keyFile, readFileSync(leaf.keyFile));
          const trusted = readFileSync(caFile, "utf8") + readFileSync(other.certFile, "utf8");
          writeFileSync(caFile, trusted);
          bao.trust(trusted);
          await comesBack();
          await refusesAll(program, data, ["Unavailable"], note);
          writeFileSync(ownCa, trusted);
          await unsealsAgain(program, data);
        });
      },
    },
    {
      name: "kms-vault, the server absent at its start: alive, not ready, and served when it comes",
      async run() {
        const env = await appRole("program-absent");
        let data: Uint8Array = DISK_KEY;
        await withProgram(env, async ({ kms }) => void (data = await sealKey(kms, NODE)));
        await bao.stop("SIGKILL");
        await withProgram(env, async (program) => {
          await refusesAll(program, data, ["Unavailable"], note);
          assert.equal((await program.get("/livez")).status, 200);
          assert.equal((await program.get("/readyz")).status, 503);
          await comesBack();
          await unsealsAgain(program, data);
          await until("it is ready", async () => (await program.get("/readyz")).status === 200);
        });
      },
    },
  ];
}
