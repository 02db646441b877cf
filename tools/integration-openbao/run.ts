// packages/vault, kms-vault and the commands of its guides against real OpenBao servers. Prints one line a case and `N passed, N failed`.
//   node --conditions=@talos-bridge/source tools/integration-openbao/run.ts [part of a case's name]...
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { authCases } from "./auth-cases.ts";
import { makeCa, makeLeaf } from "./certificates.ts";
import type { Case } from "./client.ts";
import { clusterCases } from "./cluster-cases.ts";
import { faultCases } from "./fault-cases.ts";
import { guideCases } from "./guide-cases.ts";
import { programAuth } from "./program-auth.ts";
import { programFaults } from "./program-faults.ts";
import { programInput } from "./program-input.ts";
import { programLease } from "./program-lease.ts";
import { setUpTransit } from "./openbao-setup.ts";
import { startOpenBao, type OpenBao, type OpenBaoOptions } from "./openbao.ts";
import { until } from "./wait.ts";
import { setupCases } from "./setup-cases.ts";
import { startTokenReviewer } from "./token-review.ts";

const wanted = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "integration-openbao-"));
const servers: OpenBao[] = [];
let passed = 0;
let failed = 0;
let notes: string[] = [];
const note = (text: string): void => void notes.push(text);

async function runCases(cases: readonly Case[]): Promise<void> {
  for (const { name, run } of cases) {
    if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
    const from = performance.now();
    notes = [];
    try {
      await run();
      passed += 1;
      const remarks = notes.length > 0 ? ` (${notes.join("; ")})` : "";
      console.log(`ok    ${name}${remarks}, ${((performance.now() - from) / 1000).toFixed(1)} s`);
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

async function single(): Promise<void> {
  const ca = makeCa(folder);
  const serving = makeLeaf(folder, "serving", ca);
  const bao = await start({ name: "single", tls: { caFile: ca.certFile, ...serving } });
  await bao.initialize();
  await setUpTransit(bao);
  await bao.admin({ method: "POST", path: "sys/auth/approle", body: { type: "approle" } });
  const reviewer = await startTokenReviewer(serving);
  try {
    await runCases(authCases({ bao, ca, reviewer, folder }));
    await runCases(programAuth({ bao, ca, reviewer, folder }));
  } finally {
    await reviewer.close();
  }
  await runCases(programInput({ bao, note }));
  await runCases(programLease({ bao, ca, serving, folder, note }));
  await runCases(faultCases({ bao, ca, serving, folder, note }));
  await runCases(programFaults({ bao, serving, folder, note }));
  await bao.stop();
}

async function setUps(): Promise<void> {
  const ca = makeCa(folder, "setup-ca");
  const serving = makeLeaf(folder, "setup", ca);
  const bao = await start({ name: "setup", tls: { caFile: ca.certFile, ...serving } });
  await bao.initialize();
  const reviewer = await startTokenReviewer(serving);
  try {
    await runCases(setupCases({ bao, ca, reviewer, folder }));
  } finally {
    await reviewer.close();
  }
  await bao.stop();
}

async function guides(): Promise<void> {
  const ca = makeCa(folder, "guides-ca");
  const serving = makeLeaf(folder, "guides", ca);
  const tls = { caFile: ca.certFile, ...serving };
  const bao = await start({ name: "guides-first", tls });
  await bao.initialize();
  const second = await start({ name: "guides-second", tls });
  await second.initialize();
  const reviewer = await startTokenReviewer(serving);
  const own = join(folder, "guides");
  mkdirSync(own);
  try {
    await runCases(guideCases({ bao, second, ca, reviewer, folder: own }));
  } finally {
    await reviewer.close();
  }
  await Promise.all([bao.stop(), second.stop()]);
}

async function cluster(): Promise<void> {
  const ca = makeCa(folder, "cluster-ca");
  const tls = { caFile: ca.certFile, ...makeLeaf(folder, "cluster", ca) };
  const first = await start({ name: "node1", nodeId: "node1", tls });
  await first.initialize();
  const join1 = { tls, join: [first.address] };
  const second = await start({ name: "node2", nodeId: "node2", ...join1 });
  const third = await start({ name: "node3", nodeId: "node3", ...join1 });
  for (const node of [second, third]) await node.unseal(first.unsealKey());
  await setUpTransit(first);
  await until("all three vote", async () => {
    const { data } = await first.admin({ method: "GET", path: "sys/storage/raft/configuration" });
    return JSON.stringify(data).split('"voter":true').length === 4;
  });
  await runCases(clusterCases({ nodes: [first, second, third], note }));
}

try {
  await single();
  await setUps();
  await guides();
  await cluster();
} catch (error) {
  failed += 1;
  console.log(`FAIL  setting up\n${inspect(error)}`);
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
