import { SecretsBundleError } from "./errors.ts";
import { FIELD_PATHS, type FieldPath } from "./fields.ts";
import { refuse } from "./finding.ts";
import { isSopsDocument } from "./placeholder.ts";
import { readBundleFields, type FieldValues, type ReadFields } from "./read-fields.ts";
import { soundnessFindings } from "./soundness.ts";
import { parseSingleYaml, type YamlDocument } from "./yaml-text.ts";

/** PEM text of a certificate and of the key that belongs to it. */
export interface CertificateAndKey {
  readonly crt: string;
  readonly key: string;
}

/** All secrets of a Talos cluster: what `talosctl gen secrets` makes. Certificates and keys are PEM text, as Talos labels it. */
export interface SecretsBundle {
  readonly cluster: {
    /** Base64 with `-` and `_`, of 32 bytes. */
    readonly id: string;
    /** Base64 of 32 bytes. */
    readonly secret: string;
  };
  readonly secrets: {
    /** Kubernetes' bootstrap token, `abcdef.0123456789abcdef`. */
    readonly bootstrapToken: string;
    /** Base64 of 32 bytes. Exactly one of the two is there; since Talos 1.3 it is secretbox. */
    readonly aescbcEncryptionSecret: string | undefined;
    readonly secretboxEncryptionSecret: string | undefined;
  };
  readonly trustdInfo: {
    /** Talos's join token: what a worker shows to trustd. */
    readonly token: string;
  };
  readonly certs: {
    readonly etcd: CertificateAndKey;
    readonly k8s: CertificateAndKey;
    readonly k8sAggregator: CertificateAndKey;
    /** A key alone: it signs service account tokens and is no CA. */
    readonly k8sServiceAccount: { readonly key: string };
    /** The CA of the Talos API. */
    readonly os: CertificateAndKey;
  };
}

/**
 * Reads a secrets bundle (YAML or JSON) as `talosctl gen secrets` writes it, by any spelling of the fields.
 *
 * Refuses what Talos's own `Bundle.Validate` refuses, and a key that does not belong to its certificate: files that were mixed
 * up. All faults are told at once, in `findings`. Throws {@link SecretsBundleError}: ERR_BUNDLE_INVALID, ERR_BUNDLE_ENCRYPTED
 * (SOPS), ERR_BUNDLE_REDACTED, and those of the text as such. Expiry and strength are for {@link lintSecretsBundle}.
 */
export function readSecretsBundle(input: string | Uint8Array): SecretsBundle {
  const { document } = parseSingleYaml(input);
  const read = readBundleDocument(document);
  refuse(soundnessFindings(read, (path) => path));
  return bundleOf(read.values);
}

/** Fields of a document that is meant to be a bundle. Throws ERR_BUNDLE_ENCRYPTED, ERR_BUNDLE_KIND. */
export function readBundleDocument(document: YamlDocument): ReadFields {
  if (isSopsDocument(document)) throw encrypted();
  const read = readBundleFields(document);
  if (read.present.size === 0)
    throw new SecretsBundleError("ERR_BUNDLE_KIND", "has none of the fields of a secrets bundle");
  return read;
}

export function encrypted(): SecretsBundleError {
  return new SecretsBundleError(
    "ERR_BUNDLE_ENCRYPTED",
    "is encrypted with SOPS: decrypt it first, as with sops -d FILE | …",
  );
}

/** A bundle of fields that were found to be all there. */
export function bundleOf(values: FieldValues): SecretsBundle {
  const text = (path: FieldPath): string => values.get(path) ?? "";
  return {
    cluster: { id: text("cluster.id"), secret: text("cluster.secret") },
    secrets: {
      bootstrapToken: text("secrets.bootstraptoken"),
      aescbcEncryptionSecret: values.get("secrets.aescbcencryptionsecret"),
      secretboxEncryptionSecret: values.get("secrets.secretboxencryptionsecret"),
    },
    trustdInfo: { token: text("trustdinfo.token") },
    certs: {
      etcd: { crt: text("certs.etcd.crt"), key: text("certs.etcd.key") },
      k8s: { crt: text("certs.k8s.crt"), key: text("certs.k8s.key") },
      k8sAggregator: { crt: text("certs.k8saggregator.crt"), key: text("certs.k8saggregator.key") },
      k8sServiceAccount: { key: text("certs.k8sserviceaccount.key") },
      os: { crt: text("certs.os.crt"), key: text("certs.os.key") },
    },
  };
}

/** A bundle's fields by path, without those that are not there. */
export function valuesOf(bundle: SecretsBundle): FieldValues {
  const { cluster, secrets, trustdInfo, certs } = bundle;
  const all: Readonly<Record<FieldPath, string | undefined>> = {
    "cluster.id": cluster.id,
    "cluster.secret": cluster.secret,
    "secrets.bootstraptoken": secrets.bootstrapToken,
    "secrets.aescbcencryptionsecret": secrets.aescbcEncryptionSecret,
    "secrets.secretboxencryptionsecret": secrets.secretboxEncryptionSecret,
    "trustdinfo.token": trustdInfo.token,
    "certs.etcd.crt": certs.etcd.crt,
    "certs.etcd.key": certs.etcd.key,
    "certs.k8s.crt": certs.k8s.crt,
    "certs.k8s.key": certs.k8s.key,
    "certs.k8saggregator.crt": certs.k8sAggregator.crt,
    "certs.k8saggregator.key": certs.k8sAggregator.key,
    "certs.k8sserviceaccount.key": certs.k8sServiceAccount.key,
    "certs.os.crt": certs.os.crt,
    "certs.os.key": certs.os.key,
  };
  return new Map(
    FIELD_PATHS.flatMap((path) => {
      const value = all[path];
      return value === undefined ? [] : [[path, value] as const];
    }),
  );
}
