// Both services on embedded defaults, and a simulated node that uses them:
//
//   csr-signer on 127.0.0.1:50001, with a throw-away Talos PKI: a worker gets, verifies and prints its certificate
//   kms-vault on 127.0.0.1:4050, with a throw-away keyring: a node has its disk key sealed and unsealed
//
// Then they go on serving until Ctrl-C. Arguments are csr-signer's flags; the environment is both programs'.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeThrowAwayCluster } from "@talos-bridge/testing";
import type { Demonstration } from "./start/demonstration.ts";
import { demonstrateKms } from "./start/kms.ts";
import { demonstrateSigner } from "./start/signer.ts";

const dir = mkdtempSync(join(tmpdir(), "talos-bridge-"));
const cluster = await makeThrowAwayCluster(dir, new Date());
const stop = new AbortController();
const stopNow = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => (stop.signal.aborted ? stopNow : stop).abort());
}
console.log(`In ${dir}, gone when this stops: a Talos CA (Ed25519), a join token, a keyring.\n`);

let failed = false;
const ended: Promise<number>[] = [];
for (const demonstrate of [demonstrateSigner(cluster), demonstrateKms(dir)]) {
  if (!stop.signal.aborted) await begin(demonstrate);
}
if (!stop.signal.aborted) console.log("Ctrl-C ends both.");
const codes = await Promise.all(ended);
rmSync(dir, { recursive: true });
process.exitCode = failed ? 1 : Math.max(...codes);

/** Runs a program, and settles once its node is served, or it has ended: then the other one ends too. */
function begin(demonstrate: Demonstration): Promise<void> {
  return new Promise((settle) => {
    const tell = async (text: Promise<string>): Promise<void> => {
      try {
        console.log(await text);
      } catch (error) {
        console.error("the simulated node failed:", error);
        failed = true;
        stop.abort();
      }
      settle();
    };
    const code = demonstrate({
      argv: process.argv.slice(2),
      env: process.env,
      world: {
        write: (text) => void process.stdout.write(text),
        stop: stop.signal,
        stopNow: stopNow.signal,
      },
      tell: (text) => void tell(text),
    });
    ended.push(code);
    void code.finally(() => {
      stop.abort();
      settle();
    });
  });
}
