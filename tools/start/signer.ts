import type { ThrowAwayCluster } from "@talos-bridge/testing";
import { run } from "../../apps/csr-signer/src/run.ts";
import type { Demonstration } from "./demonstration.ts";
import { requestCertificate } from "./worker.ts";

/** csr-signer on a throw-away Talos PKI, and a worker that gets its certificate. */
export function demonstrateSigner(cluster: ThrowAwayCluster): Demonstration {
  return ({ argv, env, world, tell }) =>
    run({
      ...world,
      argv,
      env: {
        PORT: "50001",
        BIND_ADDRESS: "127.0.0.1",
        ADMIN_ADDR: "127.0.0.1:8081",
        SERVER_IPS: "127.0.0.1,localhost",
        LOG_FORMAT: "text",
        CA_CERT_PATH: cluster.caCertificate,
        CA_KEY_PATH: cluster.caKey,
        TALOS_TOKEN_FILE: cluster.tokenFile,
        ...env,
      },
      host: { hostname: "localhost", addresses: [] },
      now: () => new Date(),
      onListening: ({ port, adminPort }) => tell(simulateWorker(cluster, port, adminPort)),
    });
}

async function simulateWorker(
  cluster: ThrowAwayCluster,
  port: number,
  adminPort: number | undefined,
): Promise<string> {
  const address = `127.0.0.1:${port}`;
  const answer = await requestCertificate({ address, cluster, hostname: "worker-1", ip: "10.5.0.4" });
  return `
A worker sent its CSR with the join token and got a certificate. Verified against the CA that came with it:

  subject   ${answer.subject}
  names     ${answer.names.join(", ")}
  usage     ${answer.usage}
  valid     ${answer.notBefore} to ${answer.notAfter}
  verified  ${answer.verdict}

${answer.pem}
csr-signer goes on serving on ${address}. Try it by hand, in another terminal:

  grpcurl -cacert ${cluster.caCertificate} -H "token: $(cat ${cluster.tokenFile})" \\
    -import-path proto -proto securityapi/security.proto \\
    -d "{\\"csr\\": \\"$(base64 -w0 ${cluster.exampleRequest})\\"}" \\
    ${address} securityapi.SecurityService/Certificate

  curl -s 'http://127.0.0.1:${adminPort}/readyz?verbose'
`;
}
