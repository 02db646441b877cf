import {
  createCertificateAuthority,
  issueCertificate,
  loadCertificateAuthority,
  PROFILES,
  readCertificateRequest,
  scanDer,
  type GeneratedKeyType,
} from "@talos-bridge/pki";

export interface StepCost {
  readonly step: string;
  /** User and system time of this process for one, garbage collection included. */
  readonly cpuUs: number;
}

/** What the steps of one certificate cost in this process, warm: where a slower service is to be looked for first. */
export async function measureSteps(csr: string, now: Date): Promise<readonly StepCost[]> {
  const bytes = Buffer.from(csr);
  const der = Buffer.from(csr.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  const request = readCertificateRequest(bytes);
  const issueUnder = async (keyType: GeneratedKeyType): Promise<() => Promise<unknown>> => {
    const { certificatePem, keyPem } = await createCertificateAuthority({ keyType, now });
    const ca = loadCertificateAuthority({ certificates: certificatePem, key: keyPem });
    if (!ca.ok) throw new Error("the CA can't be loaded");
    const input = {
      profile: PROFILES.talosNode,
      names: request,
      spki: request.publicKey.spki,
      now,
      lifetimeMs: 86_400_000,
    };
    return () => issueCertificate(ca.issuing, input);
  };
  return [
    await cost("scan the request's DER", () => scanDer(der)),
    await cost("read and verify an Ed25519 request", () => readCertificateRequest(bytes)),
    await cost("issue under an Ed25519 CA", await issueUnder("ed25519")),
    await cost("issue under a P-256 CA", await issueUnder("ecdsa-p256")),
  ];
}

const REPETITIONS = 1_000;
const SERIES = 5;

/** The median of five series, after one that warms up. */
async function cost(step: string, work: () => unknown): Promise<StepCost> {
  const series: number[] = [];
  for (let i = 0; i <= SERIES; i++) {
    const before = process.cpuUsage();
    for (let n = 0; n < REPETITIONS; n++) await work();
    const { user, system } = process.cpuUsage(before);
    if (i > 0) series.push((user + system) / REPETITIONS);
  }
  return { step, cpuUs: series.toSorted((a, b) => a - b)[Math.floor(SERIES / 2)] ?? 0 };
}
