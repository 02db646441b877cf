#!/usr/bin/env node
import { run } from "./run.ts";

const interrupted = new AbortController();
process.on("SIGINT", () => interrupted.abort());
// A pager that is closed early is no error.
process.stdout.on("error", () => undefined);

process.exitCode = await run({
  argv: process.argv.slice(2),
  env: process.env,
  async readStdin() {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  },
  stdout: { write: (text) => void process.stdout.write(text), isTerminal: process.stdout.isTTY },
  stderr: { write: (text) => void process.stderr.write(text), isTerminal: process.stderr.isTTY },
  now: () => new Date(),
  interrupted: interrupted.signal,
});
