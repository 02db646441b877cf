import { join } from "node:path";
import { run } from "../../apps/kms-vault/src/run.ts";
import type { Demonstration } from "./demonstration.ts";
import { sealAndUnseal } from "./node.ts";

/**
 * kms-vault on a throw-away keyring, and a node that seals and unseals its disk key. With KMS_BACKEND=transit in the
 * environment it is on a real Vault instead. KMS_API_ENDPOINT and HEALTH_SERVER_ADDR move it: the program has flags alone
 * for these.
 */
export function demonstrateKms(dir: string): Demonstration {
  return ({ env, world, tell }) =>
    run({
      ...world,
      argv: [
        `--kms-api-endpoint=${env["KMS_API_ENDPOINT"] ?? "127.0.0.1:4050"}`,
        `--health-server-addr=${env["HEALTH_SERVER_ADDR"] ?? "127.0.0.1:8082"}`,
      ],
      env: {
        LOG_FORMAT: "text",
        KMS_BACKEND: "keyring",
        KMS_KEYRING_PATH: join(dir, "keyring.json"),
        KMS_KEYRING_CREATE: "true",
        ...env,
      },
      hostname: "localhost",
      leaderFilePath: join(dir, "leader"),
      onListening: ({ port, adminPort }) => tell(simulateNode(port, adminPort)),
    });
}

async function simulateNode(port: number, adminPort: number | undefined): Promise<string> {
  const address = `127.0.0.1:${port}`;
  const { nodeUuid, ciphertext } = await sealAndUnseal(address);
  return `
A node had a disk key of 32 bytes sealed, kept the answer, and had it unsealed, as at each boot:

  node      ${nodeUuid}
  sealed    ${ciphertext}
  unsealed  the same 32 bytes

kms-vault goes on serving on ${address}. Unseal that key by hand; another node's UUID is refused:

  grpcurl -plaintext -import-path proto -proto sidero/kms/kms.proto \\
    -d '{"node_uuid": "${nodeUuid}", "data": "${Buffer.from(ciphertext, "latin1").toString("base64")}"}' \\
    ${address} sidero.kms.KMSService/Unseal

  curl -s 'http://127.0.0.1:${adminPort}/readyz?verbose'
`;
}
