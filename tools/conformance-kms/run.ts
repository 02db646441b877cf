// kms-vault with Talos's own KMS client and real OpenBao servers: `npm run test:kms [-- PART OF A NAME]`. The last line counts.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { conformanceBinary } from "../conformance/build.ts";
import { makeCa, makeLeaf } from "../integration-openbao/certificates.ts";
import { OPENBAO_VERSION } from "../integration-openbao/openbao-binary.ts";
import { setUpTransit } from "../integration-openbao/openbao-setup.ts";
import { startOpenBao, type OpenBao, type OpenBaoOptions } from "../integration-openbao/openbao.ts";
import { until } from "../integration-openbao/wait.ts";
import type { Case } from "./checks.ts";
import { clusterCases } from "./cluster-cases.ts";
import { keyringCases } from "./keyring-cases.ts";
import { startTalosNode } from "./node.ts";
import { KMS_FOLDER } from "./program.ts";
import { replicaCases } from "./replica-cases.ts";
import { transitCases } from "./transit-cases.ts";

/** The oldest and the newest that are served to users; the cases with several nodes run on the newest. */
const VERSIONS = ["2.6.1", OPENBAO_VERSION];

const wanted = process.argv[2] ?? "";
const folder = mkdtempSync(join(tmpdir(), "conformance-kms-"));
const servers: OpenBao[] = [];
const node = startTalosNode(conformanceBinary());
let passed = 0;
let failed = 0;

function build(): void {
  // Always anew, which takes under a second: a bundle that was left from another day would prove nothing.
  const { status } = spawnSync(process.execPath, ["../../tools/bundle.ts"], {
    cwd: KMS_FOLDER,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("the bundle could not be built");
}

async function runCases(cases: readonly Case[]): Promise<void> {
  for (const { name, run } of cases) {
    if (!name.includes(wanted)) continue;
    const from = performance.now();
    try {
      const seen = await run();
      passed += 1;
      const seconds = ((performance.now() - from) / 1000).toFixed(1);
      console.log(`ok    ${name} (${seconds} s)${typeof seen === "string" ? `\n      ${seen}` : ""}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${name}\n${inspect(error)}`);
    }
  }
}

async function start(options: Omit<OpenBaoOptions, "folder"> & { readonly name: string }): Promise<OpenBao> {
  const own = join(folder, options.name);
  mkdirSync(own);
  const server = await startOpenBao({ ...options, folder: own });
  servers.push(server);
  return server;
}

/** The active node, a standby that has the mounts by now, and whether it reads by itself. */
async function startCluster(
  name: string,
  tls: NonNullable<OpenBaoOptions["tls"]>,
  standbyReads: boolean,
): Promise<readonly [OpenBao, OpenBao, boolean]> {
  const config = standbyReads ? "" : "disable_standby_reads = true";
  const own = { tls, config };
  const active = await start({ name: `${name}-1`, nodeId: "node1", ...own });
  await active.initialize();
  await setUpTransit(active);
  const join1 = { ...own, join: [active.address] };
  const second = await start({ name: `${name}-2`, nodeId: "node2", ...join1 });
  const third = await start({ name: `${name}-3`, nodeId: "node3", ...join1 });
  for (const server of [second, third]) await server.unseal(active.unsealKey());
  await until("all three vote", async () => {
    const { data } = await active.admin({ method: "GET", path: "sys/storage/raft/configuration" });
    return JSON.stringify(data).split('"voter":true').length === 4;
  });
  return [active, second, standbyReads];
}

try {
  build();
  const ca = makeCa(folder);
  const serving = makeLeaf(folder, "serving", ca);
  const common = { node, folder, caFile: ca.certFile, serving };
  const strangerCaFile = makeCa(folder, "stranger").certFile;
  await runCases(keyringCases({ ...common, strangerCaFile }));
  for (const version of VERSIONS) {
    const bao = await start({ name: version, version, tls: { caFile: ca.certFile, ...serving } });
    await bao.initialize();
    await setUpTransit(bao);
    await bao.admin({ method: "POST", path: "sys/auth/approle", body: { type: "approle" } });
    await runCases(transitCases({ ...common, bao, version }));
    if (version === OPENBAO_VERSION) await runCases(replicaCases({ ...common, bao }));
    await bao.stop();
  }
  const tls = { caFile: ca.certFile, ...serving };
  // Side by side: becoming a voter takes a node 14 s.
  const clusters = await Promise.all([
    startCluster("reads", tls, true),
    startCluster("forwards", tls, false),
  ]);
  for (const [active, standby, standbyReads] of clusters) {
    const name = standbyReads ? "a standby" : "a standby that forwards all";
    await runCases(clusterCases({ ...common, name, active, standby, standbyReads }));
  }
} catch (error) {
  failed += 1;
  console.log(`FAIL  setting up\n${inspect(error)}`);
} finally {
  await node.stop();
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
