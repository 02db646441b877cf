// `npm run bench`: the built signer under load beside a bare TLS server, as ratios, against the bars it must hold.
// Needs Linux: figures of the server's process are read from /proc.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { measureSteps } from "./in-process.ts";
import { makeMaterial } from "./material.ts";
import { readOptions, USAGE, type BenchOptions } from "./options.ts";
import { report, type Measured } from "./report.ts";
import { runRound, type RoundFigures } from "./round.ts";
import { SHIPPED, SIGNER_FOLDER } from "./servers.ts";
import { measureStart, type StartFigures } from "./start-time.ts";
import { startWorkers } from "./workers.ts";

/** A round takes some 30 s of a quiet machine with two cores. */
const ROUND_MS = 35_000;
/** What comes before the rounds, and the least that is left for the last of them. */
const BEFORE_MS = 20_000;
const LAST_MS = 45_000;
const STARTS = 5;
/** Each request is sent 100 times. */
const WORKERS = 200;

async function measure(options: BenchOptions, dir: string): Promise<Measured> {
  const material = await makeMaterial(dir, new Date(), WORKERS);
  const steps = await measureSteps(material.requests[0]?.csr ?? "", new Date());
  const starts: StartFigures[] = [];
  for (let i = 0; i < STARTS; i++) starts.push(await measureStart(material));
  const workers = startWorkers(material);
  const rounds: RoundFigures[] = [];
  const noRoundAfterMs = BEFORE_MS + options.rounds * ROUND_MS;
  for (let i = 0; i < options.rounds; i++) {
    if (i > 0 && performance.now() > noRoundAfterMs) {
      console.log("no more rounds: the machine is busy, and the time is up");
      break;
    }
    rounds.push(await runRound(material, workers, options));
    console.log(`round ${i + 1} of ${options.rounds} is done`);
  }
  workers.stop();
  return { rounds, starts, steps };
}

function build(): void {
  const { status } = spawnSync(process.execPath, [resolve(import.meta.dirname, "../bundle.ts")], {
    cwd: SIGNER_FOLDER,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error("csr-signer can't be built");
}

async function main(): Promise<number> {
  if (process.platform !== "linux") throw new Error("needs Linux");
  const options = readOptions(process.argv.slice(2));
  build();
  console.log(
    `csr-signer, Node ${process.version}, ${SHIPPED.flags.join(" ")}: ${options.rounds} rounds of ` +
      `${options.connections} new connections and ${options.calls} calls on 20 kept ones`,
  );
  const dir = mkdtempSync(join(tmpdir(), "talos-bridge-bench-"));
  process.once("exit", () => rmSync(dir, { recursive: true }));
  setTimeout(
    () => {
      console.error("the bench took too long");
      process.exit(1);
    },
    BEFORE_MS + options.rounds * ROUND_MS + LAST_MS,
  ).unref();
  const { text, held } = report(await measure(options, dir));
  console.log(`\n${text}`);
  return held ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(USAGE);
  process.exit(1);
}
