import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { SecurityService } from "@talos-bridge/api";
import { createCertificateRequest, generateKey, readCertificates, verifyChain } from "@talos-bridge/pki";

export interface WorkerInput {
  readonly address: string;
  readonly cluster: { readonly caPem: string; readonly token: string };
  readonly hostname: string;
  readonly ip: string;
}

/** What a worker sees of its own certificate. */
export interface WorkerCertificate {
  readonly subject: string;
  readonly names: readonly string[];
  readonly usage: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly verdict: string;
  readonly pem: string;
}

const PURPOSES: Readonly<Record<string, string>> = {
  "1.3.6.1.5.5.7.3.1": "serverAuth",
  "1.3.6.1.5.5.7.3.2": "clientAuth",
};

/** Does what a Talos worker does at boot: makes a key and a CSR, sends it with the token, verifies the answer. */
export async function requestCertificate({
  address,
  cluster,
  hostname,
  ip,
}: WorkerInput): Promise<WorkerCertificate> {
  const privateKey = await generateKey("ed25519");
  const csr = await createCertificateRequest({
    names: { commonName: hostname, dnsNames: [hostname], ipAddresses: [ip, "127.0.0.1"] },
    privateKey,
  });
  const client = createClient(
    SecurityService,
    createGrpcTransport({ baseUrl: `https://${address}`, nodeOptions: { ca: cluster.caPem } }),
  );
  const answer = await client.certificate(
    { csr: new TextEncoder().encode(csr) },
    { headers: { token: cluster.token }, timeoutMs: 10_000 },
  );
  const [leaf] = readCertificates(answer.crt);
  if (leaf === undefined) throw new Error("the answer holds no certificate");
  const ownKey = Buffer.compare(leaf.publicKey.spki, privateKey.publicKey.spki) === 0;
  const chain = verifyChain({
    leaf,
    roots: readCertificates(answer.ca),
    now: new Date(),
    usage: "serverAuth",
  });
  if (!ownKey) throw new Error("the certificate is not usable: not of the worker's key");
  if (!chain.ok) throw new Error(`the certificate is not usable: ${chain.message}`);
  return {
    subject: leaf.subject,
    names: [...leaf.dnsNames, ...leaf.ipAddresses],
    usage: [...(leaf.keyUsage ?? []), ...(leaf.extendedKeyUsage ?? []).map((id) => PURPOSES[id] ?? id)].join(
      ", ",
    ),
    notBefore: leaf.notBefore.toISOString(),
    notAfter: leaf.notAfter.toISOString(),
    verdict: "ok",
    pem: new TextDecoder().decode(answer.crt),
  };
}
