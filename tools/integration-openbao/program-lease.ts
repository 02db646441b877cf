// Two replicas of kms-vault with leader election, on a stand-in for the part of an API server that keeps a Lease.
import { strict as assert } from "node:assert";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startKubernetesApi } from "../../apps/kms-vault/test/support/kubernetes-api.ts";
import type { CertificateFiles } from "./certificates.ts";
import { NODE, type Case } from "./client.ts";
import { createToken } from "./openbao-setup.ts";
import type { OpenBao } from "./openbao.ts";
import { until } from "./wait.ts";
import { DISK_KEY, refusalOf, sealKey, unsealKey, withProgram, type Program } from "./program.ts";

interface ProgramLeaseInput {
  readonly bao: OpenBao;
  readonly ca: CertificateFiles;
  readonly serving: CertificateFiles;
  readonly folder: string;
  readonly note: (text: string) => void;
}

const ARGUMENTS = [
  "--enable-leader-election",
  "--leader-election-lease-duration=3s",
  "--leader-election-renew-deadline=2s",
  "--leader-election-retry-period=500ms",
];

export function programLease({ bao, ca, serving, folder, note }: ProgramLeaseInput): readonly Case[] {
  return [
    {
      name: "kms-vault, two replicas with a Lease: one serves, the other names it; a leader that stops, then one that is killed, is replaced",
      async run() {
        const api = await startKubernetesApi({
          ca: readFileSync(ca.certFile, "utf8"),
          cert: readFileSync(serving.certFile, "utf8"),
          key: readFileSync(serving.keyFile, "utf8"),
        });
        const account = join(folder, "service-account");
        mkdirSync(account);
        writeFileSync(join(account, "token"), `${api.token}\n`);
        writeFileSync(join(account, "ca.crt"), readFileSync(ca.certFile));
        const token = await createToken(bao);
        const replica = <T>(name: string, use: (program: Program) => Promise<T>): Promise<T> =>
          withProgram(
            {
              VAULT_ADDR: bao.address,
              VAULT_CACERT: bao.caFile ?? "",
              VAULT_TOKEN: token,
              KUBERNETES_SERVICE_HOST: "127.0.0.1",
              KUBERNETES_SERVICE_PORT: String(api.port),
              KMS_SERVICE_ACCOUNT_PATH: account,
              POD_NAME: name,
              POD_NAMESPACE: "kms",
            },
            use,
            ARGUMENTS,
          );
        const leads = (program: Program): Promise<boolean> =>
          program.get("/ready").then(({ status }) => status === 200);
        try {
          await replica("kms-0", async (first) => {
            await until("kms-0 leads", () => leads(first));
            const data = await sealKey(first.kms, NODE);
            await replica("kms-1", async (second) => {
              const text = "Not the leader - current leader is kms-0";
              await until("kms-1 knows the leader", async () =>
                (await second.get("/ready")).body.includes(text),
              );
              for (const call of [
                second.kms.unseal({ nodeUuid: NODE, data }),
                second.kms.seal({ nodeUuid: NODE, data: DISK_KEY }),
              ]) {
                const { code, text: told } = await refusalOf(call);
                assert.deepEqual([code, told], ["Unavailable", text]);
              }
              assert.deepEqual(JSON.parse((await second.get("/info")).body), {
                mode: "leader-election",
                ready: false,
              });
              const leader: Readonly<Record<string, unknown>> = JSON.parse(
                (await second.get("/leader")).body,
              );
              assert.equal(leader["currentLeader"], "kms-0");
              assert.equal(leader["isLeader"], false);

              const stopped = performance.now();
              first.kill("SIGTERM");
              assert.equal(await first.ended(), 0);
              await until("kms-1 leads", () => leads(second));
              note(`after SIGTERM another leads in ${Math.round(performance.now() - stopped)} ms`);
              await unsealKey(second.kms, NODE, data);

              await replica("kms-2", async (third) => {
                await until("kms-2 follows", async () =>
                  (await third.get("/ready")).body.includes("current leader is kms-1"),
                );
                const killed = performance.now();
                second.kill("SIGKILL");
                await second.ended();
                await until("kms-2 leads", () => leads(third));
                const ms = Math.round(performance.now() - killed);
                note(`after SIGKILL in ${ms} ms`);
                assert.ok(ms > 1_000, "the lease was not waited for");
                await unsealKey(third.kms, NODE, data);

                api.down = true;
                await until("it no longer leads", async () => !(await leads(third)));
                const lost = await refusalOf(third.kms.unseal({ nodeUuid: NODE, data }));
                assert.deepEqual(
                  [lost.code, lost.text],
                  ["Unavailable", "No leader elected - service unavailable"],
                );
                assert.equal((await third.get("/livez")).status, 200);
                api.down = false;
                await until("it leads again", () => leads(third));
                await unsealKey(third.kms, NODE, data);
              });
            });
          });
          assert.ok(api.requests.every(({ line }) => /^(?:GET|POST|PUT) /.test(line)));
          assert.equal(api.lease?.spec?.holderIdentity, "");
        } finally {
          await api.close();
        }
      },
    },
  ];
}
