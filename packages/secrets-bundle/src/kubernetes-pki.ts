import type { CertificateAndKey, SecretsBundle } from "./bundle.ts";
import { SecretsBundleError } from "./errors.ts";
import { errorAt, refuse, type Finding } from "./finding.ts";
import { completeBundle, type GenerateInput } from "./generate.ts";
import { authorityFindings, isFinding, readKeyField } from "./pair-findings.ts";

export interface KubernetesPkiInput extends GenerateInput {
  /** Reads a file of the folder by its path below it: `etcd/ca.crt`. */
  readonly readFile: (path: string) => Promise<string | Uint8Array>;
  /** `abcdef.0123456789abcdef`, of a token that the cluster knows; a new one if not given. */
  readonly bootstrapToken?: string;
}

const PAIRS = {
  k8s: { crt: "ca.crt", key: "ca.key" },
  etcd: { crt: "etcd/ca.crt", key: "etcd/ca.key" },
  k8sAggregator: { crt: "front-proxy-ca.crt", key: "front-proxy-ca.key" },
} as const;
const SERVICE_ACCOUNT = "sa.key";

/**
 * Makes a bundle around the PKI of an existing cluster, such as kubeadm's /etc/kubernetes/pki, as
 * `talosctl gen secrets --from-kubernetes-pki` does (`NewBundleFromKubernetesPKI`): the CAs of Kubernetes, etcd and the
 * aggregator and the service account key are taken as they are, the rest is made.
 *
 * Throws {@link SecretsBundleError}: ERR_BUNDLE_FILE for a file that can't be read; ERR_BUNDLE_INVALID with all findings for
 * files that are no certificate or key, or do not belong together, which Talos's code would let pass.
 */
export async function secretsBundleFromKubernetesPki(input: KubernetesPkiInput): Promise<SecretsBundle> {
  const { readFile, bootstrapToken } = input;
  const pair = async ({ crt, key }: { crt: string; key: string }): Promise<CertificateAndKey> => ({
    crt: await readPem(readFile, crt),
    key: await readPem(readFile, key),
  });
  const k8s = await pair(PAIRS.k8s);
  const etcd = await pair(PAIRS.etcd);
  const k8sAggregator = await pair(PAIRS.k8sAggregator);
  const serviceAccountKey = await readPem(readFile, SERVICE_ACCOUNT);

  const certs = { k8s, etcd, k8sAggregator };
  const findings: Finding[] = (["k8s", "etcd", "k8sAggregator"] as const).flatMap((name) =>
    authorityFindings({ crtPath: PAIRS[name].crt, keyPath: PAIRS[name].key, ...certs[name] }),
  );
  const key = readKeyField(serviceAccountKey, SERVICE_ACCOUNT);
  if (isFinding(key)) findings.push(key);
  if (bootstrapToken !== undefined && !/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(bootstrapToken))
    findings.push(
      errorAt("bootstrap token", "token-shape", "is not 6 and 16 of a-z and 0-9 with a dot between"),
    );
  refuse(findings);
  return completeBundle(
    { certs: { ...certs, k8sServiceAccount: { key: serviceAccountKey } }, bootstrapToken },
    input,
  );
}

async function readPem(readFile: KubernetesPkiInput["readFile"], path: string): Promise<string> {
  let content;
  try {
    content = await readFile(path);
  } catch (cause) {
    throw new SecretsBundleError("ERR_BUNDLE_FILE", `${path} can't be read`, { cause });
  }
  return typeof content === "string" ? content : Buffer.from(content).toString("latin1");
}
