// The main job on an embedded default: a throw-away Talos PKI, csr-signer on 127.0.0.1:50001, and a simulated worker that
// gets, verifies and prints its certificate. Then the signer goes on serving until Ctrl-C.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../apps/csr-signer/src/run.ts";
import { makeThrowAwayCluster } from "@talos-bridge/testing";
import { requestCertificate } from "./start/worker.ts";

const PORT = 50_001;

const dir = mkdtempSync(join(tmpdir(), "talos-bridge-"));
const cluster = await makeThrowAwayCluster(dir, new Date());
const stop = new AbortController();
const stopNow = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => (stop.signal.aborted ? stopNow : stop).abort());
}
console.log(`A throw-away Talos PKI is in ${dir}: CA (Ed25519), join token. It goes when this stops.\n`);

process.exitCode = await run({
  argv: process.argv.slice(2),
  env: {
    PORT: String(PORT),
    BIND_ADDRESS: "127.0.0.1",
    ADMIN_ADDR: "127.0.0.1:8081",
    SERVER_IPS: "127.0.0.1,localhost",
    LOG_FORMAT: "text",
    CA_CERT_PATH: cluster.caCertificate,
    CA_KEY_PATH: cluster.caKey,
    TALOS_TOKEN_FILE: cluster.tokenFile,
    ...process.env,
  },
  write: (text) => void process.stdout.write(text),
  host: { hostname: "localhost", addresses: [] },
  now: () => new Date(),
  stop: stop.signal,
  stopNow: stopNow.signal,
  onListening({ port, adminPort }) {
    void simulateWorker(port, adminPort).catch((error: unknown) => {
      console.error("the simulated worker failed:", error);
      stop.abort();
    });
  },
});
rmSync(dir, { recursive: true });

async function simulateWorker(port: number, adminPort: number | undefined): Promise<void> {
  const answer = await requestCertificate({
    address: `127.0.0.1:${port}`,
    cluster,
    hostname: "worker-1",
    ip: "10.5.0.4",
  });
  console.log(`
A worker sent its CSR with the join token and got a certificate. Verified against the CA that came with it:

  subject   ${answer.subject}
  names     ${answer.names.join(", ")}
  usage     ${answer.usage}
  valid     ${answer.notBefore} to ${answer.notAfter}
  verified  ${answer.verdict}

${answer.pem}
The signer goes on serving on 127.0.0.1:${port}. Try it by hand, in another terminal:

  grpcurl -cacert ${cluster.caCertificate} -H "token: $(cat ${cluster.tokenFile})" \\
    -import-path proto -proto securityapi/security.proto \\
    -d "{\\"csr\\": \\"$(base64 -w0 ${cluster.exampleRequest})\\"}" \\
    127.0.0.1:${port} securityapi.SecurityService/Certificate

  curl -s 'http://127.0.0.1:${adminPort}/readyz?verbose'

Ctrl-C ends it.`);
}
