import { networkInterfaces, hostname } from "node:os";
import { run } from "./run.ts";

const stop = new AbortController();
const stopNow = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => (stop.signal.aborted ? stopNow : stop).abort());
}

// A reader of the log that goes away must not end the signer.
process.stdout.on("error", () => undefined);

void run({
  argv: process.argv.slice(2),
  env: process.env,
  write: (text) => void process.stdout.write(text),
  host: {
    hostname: hostname(),
    addresses: Object.values(networkInterfaces()).flatMap(
      (list) => list?.map(({ address }) => address) ?? [],
    ),
  },
  now: () => new Date(),
  stop: stop.signal,
  stopNow: stopNow.signal,
}).then((code) => {
  process.exitCode = code;
});
