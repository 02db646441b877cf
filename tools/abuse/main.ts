// Abuses the real csr-signer over loopback, bounded in count and time, while workers go on calling it.
// With an argument: only the attacks whose name contains it.
import { ATTACKS } from "./attacks.ts";
import { startBootingWorker, startKeptWorker } from "./good-worker.ts";
import { watchIdlers } from "./idlers.ts";
import { createReport } from "./report.ts";
import { startTarget } from "./target.ts";

const IDLER_LIMIT_MS = 15_000;
const IDLERS_OF_EACH_KIND = 3;

const target = await startTarget();
const kept = startKeptWorker(target);
const booting = startBootingWorker(target);
const report = createReport(target, { kept, booting });
const only = process.argv[2];
try {
  if (only === undefined)
    await report.phase("connections without an authenticated call", async () => {
      const results = await watchIdlers(target, IDLERS_OF_EACH_KIND, IDLER_LIMIT_MS);
      const open = results.filter(({ closedAfterMs }) => closedAfterMs === undefined).map(({ name }) => name);
      for (const name of open) report.fault(`"${name}" was still open after ${IDLER_LIMIT_MS / 1000} s`);
      const slowest = Math.max(
        ...results.map(({ closedAfterMs }) => closedAfterMs ?? Number.POSITIVE_INFINITY),
      );
      return `${results.length - open.length} of ${results.length} kinds closed, the last after ${(slowest / 1000).toFixed(1)} s`;
    });
  for (const { name, run } of ATTACKS) {
    if (only === undefined || name.includes(only)) await report.phase(name, () => run(target));
  }
  await report.phase("nothing any more", async () => {
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return "";
  });
} finally {
  await Promise.all([kept.stop(), booting.stop()]);
  await target.stop();
}
process.exitCode = report.end();
