import type { SecretsBundle } from "./bundle.ts";
import { SecretsBundleError } from "./errors.ts";
import { refuse } from "./finding.ts";
import { isFinding, readCertificateField } from "./pair-findings.ts";
import { encodePemField } from "./read-fields.ts";
import { isToken } from "./shape-findings.ts";
import type { TalosVersion } from "./talos-version.ts";
import { encodeYaml, type YamlValue } from "./yaml-write.ts";

export interface WorkerConfigInput {
  readonly bundle: SecretsBundle;
  readonly talosVersion: TalosVersion;
  readonly clusterName: string;
  /** The Kubernetes API: `https://10.10.10.100:6443`. Workers look for their signer on port 50001 of the same host. */
  readonly endpoint: string;
  /** Names and addresses that the node asks for in its certificate besides its own. */
  readonly certSans?: readonly string[];
  /** CAs of the Talos API to trust besides the bundle's, PEM. */
  readonly acceptedCas?: readonly string[];
  /** CA of the Kubernetes API, PEM: that of a control plane which is not Talos's. The bundle's if not given. */
  readonly kubernetesCa?: string;
  /** A bootstrap token that the Kubernetes API knows, as `kubeadm token create` makes it. The bundle's if not given. */
  readonly bootstrapToken?: string;
  /** `1.33.2`; Talos's own default if not given. */
  readonly kubernetesVersion?: string;
  /** `/dev/sda`. Needed on metal, unless a patch brings a disk selector. */
  readonly installDisk?: string;
  readonly installImage?: string;
  /** `cluster.local` if not given. */
  readonly dnsDomain?: string;
  /** `10.244.0.0/16` if not given. */
  readonly podSubnets?: readonly string[];
  /** `10.96.0.0/12` if not given. */
  readonly serviceSubnets?: readonly string[];
  /** Whether the node uses Talos's discovery service; true if not given. */
  readonly discovery?: boolean;
}

const KUBELET_IMAGE = "ghcr.io/siderolabs/kubelet";
const KUBEPRISM_PORT = 7445;

/**
 * Writes the machine config of a worker as `talosctl gen config --output-types worker --with-docs=false --with-examples=false`
 * does under the contract of that Talos version, byte for byte but for the quotes around unusual text (siderolabs/talos
 * pkg/machinery config/generate/worker.go). Of the bundle it has the join and bootstrap tokens, cluster id and secret, and certificates of CAs: no key. It is a secret all the same: 0600.
 *
 * Throws ERR_BUNDLE_INPUT for an endpoint that is no https:// address with a host, an empty cluster name, a Kubernetes
 * version, DNS domain or bootstrap token that is none; ERR_BUNDLE_INVALID for CAs that are no certificates: a key among them would go to
 * every worker.
 */
export function encodeWorkerConfig(input: WorkerConfigInput): string {
  check(input);
  // 1.12 moved network settings into documents of their own and dropped fields that had become constants.
  const multidoc = input.talosVersion !== "1.11";
  const machine = encodeYaml({
    version: "v1alpha1",
    debug: false,
    persist: true,
    machine: machineSection(input, multidoc),
    cluster: clusterSection(input),
  });
  const hostname = encodeYaml({ apiVersion: "v1alpha1", kind: "HostnameConfig", auto: "stable" });
  return multidoc ? `${machine}---\n${hostname}` : machine;
}

// Talos does not load a config with another one.
const DNS_NAME = /^\w[\w-]{0,62}(?:\.\w[\w-]{0,62})*$/;

function check(input: WorkerConfigInput): void {
  const { bundle, endpoint, clusterName, kubernetesVersion, bootstrapToken, dnsDomain } = input;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol !== "https:" || url.hostname === "" || url.username !== "")
    throw new SecretsBundleError("ERR_BUNDLE_INPUT", "the endpoint is not https://HOST:PORT");
  if (clusterName === "") throw new SecretsBundleError("ERR_BUNDLE_INPUT", "the cluster has no name");
  if (kubernetesVersion !== undefined && !/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/.test(kubernetesVersion))
    throw new SecretsBundleError("ERR_BUNDLE_INPUT", "the Kubernetes version is not like 1.33.2");
  if (dnsDomain !== undefined && !(dnsDomain.length < 256 && DNS_NAME.test(dnsDomain)))
    throw new SecretsBundleError("ERR_BUNDLE_INPUT", "the DNS domain is not like cluster.local");
  if (bootstrapToken !== undefined && !isToken(bootstrapToken))
    throw new SecretsBundleError(
      "ERR_BUNDLE_INPUT",
      "the bootstrap token is not like abcdef.0123456789abcdef",
    );
  const authorities = [
    { path: "certs.os.crt", pem: bundle.certs.os.crt },
    { path: "kubernetes CA", pem: input.kubernetesCa ?? bundle.certs.k8s.crt },
    ...(input.acceptedCas ?? []).map((pem, index) => ({ path: `accepted CA ${index + 1}`, pem })),
  ];
  refuse(authorities.map(({ path, pem }) => readCertificateField(pem, path)).filter(isFinding));
}

function machineSection(input: WorkerConfigInput, multidoc: boolean): YamlValue {
  const { bundle, kubernetesVersion: version, acceptedCas = [], certSans = [] } = input;
  return {
    type: "worker",
    token: bundle.trustdInfo.token,
    ca: { crt: encodePemField(bundle.certs.os.crt), key: "" },
    acceptedCAs:
      acceptedCas.length === 0 ? undefined : acceptedCas.map((pem) => ({ crt: encodePemField(pem) })),
    certSANs: certSans,
    kubelet: {
      image: version === undefined ? undefined : `${KUBELET_IMAGE}:v${version}`,
      defaultRuntimeSeccompProfileEnabled: true,
      disableManifestsDirectory: true,
    },
    network: input.talosVersion === "1.13" ? undefined : {},
    install: {
      disk: input.installDisk,
      image: input.installImage,
      wipe: false,
      grubUseUKICmdline: multidoc ? true : undefined,
    },
    features: {
      rbac: multidoc ? undefined : true,
      stableHostname: multidoc ? undefined : true,
      apidCheckExtKeyUsage: multidoc ? undefined : true,
      diskQuotaSupport: true,
      kubePrism: { enabled: true, port: KUBEPRISM_PORT },
      hostDNS: { enabled: true, forwardKubeDNSToHost: true },
    },
  };
}

function clusterSection(input: WorkerConfigInput): YamlValue {
  const { bundle, discovery = true } = input;
  return {
    id: bundle.cluster.id,
    secret: bundle.cluster.secret,
    controlPlane: { endpoint: input.endpoint },
    clusterName: input.clusterName,
    network: {
      dnsDomain: input.dnsDomain ?? "cluster.local",
      podSubnets: input.podSubnets ?? ["10.244.0.0/16"],
      serviceSubnets: input.serviceSubnets ?? ["10.96.0.0/12"],
    },
    token: input.bootstrapToken ?? bundle.secrets.bootstrapToken,
    ca: { crt: encodePemField(input.kubernetesCa ?? bundle.certs.k8s.crt), key: "" },
    discovery: {
      enabled: discovery,
      // The other registry needs a control plane that lets nodes annotate each other.
      registries: { kubernetes: { disabled: true }, service: {} },
    },
  };
}
