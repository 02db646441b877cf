// `npm run bench:kms`: the built kms-vault on a real OpenBao, beside a bare TLS server and direct calls, as ratios, against
// the bars it must hold. Needs Linux: figures of the servers' processes are read from /proc.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readOptions, type BenchOptions } from "../bench/options.ts";
import { startClients } from "../bench/workers.ts";
import type { Setup } from "./client.ts";
import type { Load, LoadResult } from "./loads.ts";
import { makeMaterial, type Material } from "./material.ts";
import { report, type Measured } from "./report.ts";
import { runRound, type RoundFigures } from "./round.ts";
import { KMS_FOLDER, SHIPPED } from "./server.ts";
import { measureStart, type StartFigures } from "./start-time.ts";

const STARTS = 5;
const NODES = 200;

async function measure(options: BenchOptions, material: Material): Promise<Measured> {
  const starts: StartFigures[] = [];
  for (let i = 0; i < STARTS; i++) starts.push(await measureStart(material));
  const { caPem, token, nodes, bao } = material;
  const setup: Setup = { caPem, nodes, direct: { port: bao.port, token } };
  const clients = startClients<Load, LoadResult>(join(import.meta.dirname, "client.ts"), setup);
  const rounds: RoundFigures[] = [];
  for (let i = 0; i < options.rounds; i++) {
    rounds.push(await runRound(material, clients, options));
    console.log(`round ${i + 1} of ${options.rounds} is done`);
  }
  clients.stop();
  return { rounds, starts };
}

function build(): void {
  const { status } = spawnSync(process.execPath, [resolve(import.meta.dirname, "../bundle.ts")], {
    cwd: KMS_FOLDER,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error("kms-vault can't be built");
}

async function main(): Promise<number> {
  if (process.platform !== "linux") throw new Error("needs Linux");
  const options = readOptions(process.argv.slice(2));
  build();
  console.log(
    `kms-vault, Node ${process.version}, ${SHIPPED.flags.join(" ")}: ${options.rounds} rounds of ` +
      `${options.connections} new connections and ${options.calls} calls on 20 kept ones`,
  );
  const dir = mkdtempSync(join(tmpdir(), "talos-bridge-bench-"));
  const material = await makeMaterial(dir, NODES);
  try {
    const { text, held } = report(await measure(options, material));
    console.log(`\n${text}`);
    return held ? 0 : 1;
  } finally {
    await material.bao.stop();
    rmSync(dir, { recursive: true });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
