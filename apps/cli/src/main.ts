#!/usr/bin/env node
import { CliError } from "./cli-error.ts";
import { MAX_INPUT_BYTES, reason } from "./files.ts";
import { run, tell } from "./run.ts";
import type { World } from "./world.ts";

const interrupted = new AbortController();
const insisted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  const stop = (): void => {
    if (!interrupted.signal.aborted) return interrupted.abort();
    insisted.abort();
    // The third ends the process, whatever it waits for: a named pipe that nobody writes to can't be given up otherwise.
    process.off(signal, stop);
  };
  process.on(signal, stop);
}

let readsStdin = false;

const world: World = {
  argv: process.argv.slice(2),
  env: process.env,
  async readStdin() {
    readsStdin = true;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of process.stdin) {
      const bytes = Buffer.from(chunk);
      chunks.push(bytes);
      size += bytes.length;
      if (size > MAX_INPUT_BYTES) break; // enough to be refused
    }
    return Buffer.concat(chunks);
  },
  stdout: { write: (text) => void process.stdout.write(text), isTerminal: process.stdout.isTTY },
  stderr: { write: (text) => void process.stderr.write(text), isTerminal: process.stderr.isTTY },
  now: () => new Date(),
  interrupted: interrupted.signal,
  insisted: insisted.signal,
};

process.stdout.on("error", (cause: Error) => {
  const why = reason(cause);
  // A pager that is closed early is no error; a disk that is full is: what was to be kept is lost.
  if (why === "EPIPE") return;
  process.exitCode = tell(world, new CliError("TB1004", `standard output can't be written: ${why}`));
});
// Nobody is left to be told.
process.stderr.on("error", () => undefined);
process.on("uncaughtException", (error) => process.exit(tell(world, error)));

const exit = await run(world);
process.exitCode ??= exit;
// A read that was given up would keep the process alive.
if (readsStdin) process.stdin.destroy();
