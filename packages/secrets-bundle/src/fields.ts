/** Kinds of values: text as it is; PEM of a certificate or key, in base64 in the file; the two tokens and secrets by shape. */
export type FieldKind = "token" | "id" | "secret" | "certificate" | "key";

/**
 * The fields of a secrets bundle in the order that talosctl writes them (siderolabs/talos pkg/machinery
 * config/generate/secrets/secrets.go): path as talosctl spells it, path as JSON and older tools do, and where a machine config
 * has the same value (`NewBundleFromConfig` in bundle.go there).
 */
export const FIELDS = [
  { path: "cluster.id", spelled: "Cluster.Id", machine: "cluster.id", kind: "id" },
  { path: "cluster.secret", spelled: "Cluster.Secret", machine: "cluster.secret", kind: "secret" },
  {
    path: "secrets.bootstraptoken",
    spelled: "Secrets.BootstrapToken",
    machine: "cluster.token",
    kind: "token",
  },
  {
    path: "secrets.aescbcencryptionsecret",
    spelled: "Secrets.AESCBCEncryptionSecret",
    machine: "cluster.aescbcEncryptionSecret",
    kind: "secret",
  },
  {
    path: "secrets.secretboxencryptionsecret",
    spelled: "Secrets.SecretboxEncryptionSecret",
    machine: "cluster.secretboxEncryptionSecret",
    kind: "secret",
  },
  { path: "trustdinfo.token", spelled: "TrustdInfo.Token", machine: "machine.token", kind: "token" },
  { path: "certs.etcd.crt", spelled: "Certs.Etcd.Crt", machine: "cluster.etcd.ca.crt", kind: "certificate" },
  { path: "certs.etcd.key", spelled: "Certs.Etcd.Key", machine: "cluster.etcd.ca.key", kind: "key" },
  { path: "certs.k8s.crt", spelled: "Certs.K8s.Crt", machine: "cluster.ca.crt", kind: "certificate" },
  { path: "certs.k8s.key", spelled: "Certs.K8s.Key", machine: "cluster.ca.key", kind: "key" },
  {
    path: "certs.k8saggregator.crt",
    spelled: "Certs.K8sAggregator.Crt",
    machine: "cluster.aggregatorCA.crt",
    kind: "certificate",
  },
  {
    path: "certs.k8saggregator.key",
    spelled: "Certs.K8sAggregator.Key",
    machine: "cluster.aggregatorCA.key",
    kind: "key",
  },
  {
    path: "certs.k8sserviceaccount.key",
    spelled: "Certs.K8sServiceAccount.Key",
    machine: "cluster.serviceAccount.key",
    kind: "key",
  },
  { path: "certs.os.crt", spelled: "Certs.OS.Crt", machine: "machine.ca.crt", kind: "certificate" },
  { path: "certs.os.key", spelled: "Certs.OS.Key", machine: "machine.ca.key", kind: "key" },
] as const satisfies readonly Field[];

export interface Field {
  readonly path: string;
  readonly spelled: string;
  readonly machine: string;
  readonly kind: FieldKind;
}

/** A path of a secrets bundle as talosctl spells it: `trustdinfo.token`. */
export type FieldPath = (typeof FIELDS)[number]["path"];

/** All paths, in the order that talosctl writes them. */
export const FIELD_PATHS: readonly FieldPath[] = FIELDS.map(({ path }) => path);
