import { isMap, isSeq } from "yaml";
import { bundleOf, encrypted, type SecretsBundle } from "./bundle.ts";
import { SecretsBundleError } from "./errors.ts";
import { FIELDS, type FieldPath } from "./fields.ts";
import { errorAt, refuse, type Finding } from "./finding.ts";
import { isSopsDocument, isText, placeholderFinding, placeholderIn } from "./placeholder.ts";
import { decodePemField, readMachineFields, type FieldValues, type ReadFields } from "./read-fields.ts";
import { soundnessFindings } from "./soundness.ts";
import { keysAt, lengthAt, nodeAt, parseYaml, type YamlDocument } from "./yaml-text.ts";

/** What a machine config has of its cluster's secrets, and whom it trusts. PEM text, base64 taken off. */
export interface MachineConfig {
  readonly type: "controlplane" | "worker";
  /** What is there, by the path that the same value has in a secrets bundle. */
  readonly values: FieldValues;
  /** `machine.acceptedCAs`: CAs of the Talos API that are trusted besides `certs.os.crt`, in order. */
  readonly acceptedCas: readonly string[];
  /** `cluster.controlPlane.endpoint`. */
  readonly endpoint: string | undefined;
  readonly kmsEndpoints: readonly KmsKeyPlace[];
}

/** Where a machine config names a KMS. */
export interface KmsKeyPlace {
  readonly path: string;
  readonly endpoint: string;
}

/** A machine config taken apart, with the findings so far. */
export interface ReadMachineConfig {
  readonly config: MachineConfig;
  readonly fields: ReadFields;
  readonly findings: readonly Finding[];
  /** How this file names a field of a bundle. */
  readonly shownAs: (path: FieldPath) => string;
}

/**
 * Reads a machine config as `talosctl gen config` writes it, of a worker or a control plane; documents of other kinds beside
 * it are searched for KMS endpoints, and for what Talos keeps in documents of their own since 1.14.
 *
 * Throws {@link SecretsBundleError}: ERR_BUNDLE_KIND where it is none, ERR_BUNDLE_ENCRYPTED, ERR_BUNDLE_REDACTED,
 * ERR_BUNDLE_INVALID for values that are not text or no base64, and those of the text as such.
 */
export function readMachineConfig(input: string | Uint8Array): MachineConfig {
  const { config, findings } = takeApart(input);
  refuse(findings);
  return config;
}

/**
 * The secrets bundle of a control plane's machine config, as `talosctl gen secrets --from-controlplane-config` makes it.
 * A worker's has no CA keys: ERR_BUNDLE_INVALID names all that is missing.
 */
export function secretsBundleFromMachineConfig(input: string | Uint8Array): SecretsBundle {
  const { fields, shownAs, findings } = takeApart(input);
  refuse([...soundnessFindings({ ...fields, findings }, shownAs)]);
  return bundleOf(fields.values);
}

export function takeApart(input: string | Uint8Array): ReadMachineConfig {
  const { documents } = parseYaml(input);
  if (documents.some(isSopsDocument)) throw encrypted();
  const main = documents.filter(isMachineDocument);
  const [document] = main;
  if (document === undefined)
    throw new SecretsBundleError("ERR_BUNDLE_KIND", "has no machine config document");
  if (main.length > 1)
    throw new SecretsBundleError("ERR_BUNDLE_DOCUMENTS", "has several machine config documents");
  const fields = withSplitDocuments(readMachineFields(document), documents);
  const findings: Finding[] = [...fields.findings];
  const accepted = readAcceptedCas(document, findings);
  return {
    config: {
      type: typeOf(document),
      values: fields.values,
      acceptedCas: accepted,
      endpoint: textAt(document, ["cluster", "controlPlane", "endpoint"]) ?? splitEndpoint(documents),
      kmsEndpoints: documents.flatMap(kmsEndpointsOf),
    },
    fields,
    findings,
    shownAs: (path) => FIELDS.find((field) => field.path === path)?.machine ?? path,
  };
}

/** The document without `kind`, which older Talos knows alone. A bundle has a `cluster` too. */
export function isMachineDocument(document: YamlDocument): boolean {
  const { contents } = document;
  if (!isMap(contents) || contents.has("kind")) return false;
  const isBundle = keysAt(document, []).some((key) => BUNDLE_SECTIONS.has(key.toLowerCase()));
  return isMap(nodeAt(document, ["machine"])) || (isMap(nodeAt(document, ["cluster"])) && !isBundle);
}

const BUNDLE_SECTIONS: ReadonlySet<string> = new Set(["secrets", "trustdinfo", "certs"]);

function typeOf(document: YamlDocument): MachineConfig["type"] {
  const type = textAt(document, ["machine", "type"]);
  // Talos's own aliases (machinery config/machine/type.go): a config without a type is a worker's.
  return type === "init" || type === "controlplane" ? "controlplane" : "worker";
}

function textAt(document: YamlDocument, path: readonly (string | number)[]): string | undefined {
  const node = nodeAt(document, path);
  return isText(node) ? node.value : undefined;
}

function readAcceptedCas(document: YamlDocument, findings: Finding[]): readonly string[] {
  const path = ["machine", "acceptedCAs"];
  const certificates: string[] = [];
  for (let i = 0; i < lengthAt(document, path); i++) {
    const shown = `machine.acceptedCAs[${i}].crt`;
    const value = textAt(document, [...path, i, "crt"]);
    const pem = value === undefined ? errorAt(shown, "missing", "is missing") : decodePemField(value, shown);
    if (typeof pem === "string") certificates.push(pem);
    else findings.push(pem);
  }
  return certificates;
}

// Where Talos 1.14 keeps what was in the one document before; PEM there is PEM, without base64.
const SPLIT: readonly { readonly path: FieldPath; readonly kind: string; readonly at: readonly string[] }[] =
  [
    { path: "cluster.id", kind: "DiscoveryIdentityConfig", at: ["clusterID"] },
    { path: "cluster.secret", kind: "DiscoveryIdentityConfig", at: ["clusterSecret"] },
    { path: "certs.k8s.crt", kind: "KubeAPIServerCAConfig", at: ["issuingCA", "cert"] },
    { path: "certs.k8s.key", kind: "KubeAPIServerCAConfig", at: ["issuingCA", "key"] },
    { path: "certs.k8saggregator.crt", kind: "KubeAggregatorCAConfig", at: ["issuingCA", "cert"] },
    { path: "certs.k8saggregator.key", kind: "KubeAggregatorCAConfig", at: ["issuingCA", "key"] },
    { path: "certs.k8sserviceaccount.key", kind: "KubeServiceAccountConfig", at: ["issuer", "privateKey"] },
  ];

function withSplitDocuments(fields: ReadFields, documents: readonly YamlDocument[]): ReadFields {
  const values = new Map(fields.values);
  const present = new Set(fields.present);
  const findings = [...fields.findings];
  const take = (path: FieldPath, shown: string, value: string | undefined): void => {
    if (value === undefined || present.has(path)) return;
    present.add(path);
    const placeholder = placeholderIn(value);
    if (placeholder === undefined) values.set(path, value);
    else findings.push(placeholderFinding(shown, placeholder));
  };
  for (const { path, kind, at } of SPLIT) {
    const document = documents.find((each) => textAt(each, ["kind"]) === kind);
    if (document !== undefined) take(path, `${kind}.${at.join(".")}`, textAt(document, at));
  }
  for (const document of documents) {
    if (textAt(document, ["kind"]) !== "KubeEtcdEncryptionConfig") continue;
    for (const [provider, path] of PROVIDERS)
      take(path, `KubeEtcdEncryptionConfig ${provider}`, firstKey(document, provider));
  }
  return { values, present, findings };
}

const PROVIDERS = [
  ["secretbox", "secrets.secretboxencryptionsecret"],
  ["aescbc", "secrets.aescbcencryptionsecret"],
] as const;

/** The key that a provider of Kubernetes' EncryptionConfiguration encrypts with: its first. */
function firstKey(document: YamlDocument, provider: string): string | undefined {
  const resources = ["config", "resources"];
  for (let i = 0; i < lengthAt(document, resources); i++) {
    const providers = [...resources, i, "providers"];
    for (let j = 0; j < lengthAt(document, providers); j++) {
      const secret = textAt(document, [...providers, j, provider, "keys", 0, "secret"]);
      if (secret !== undefined) return secret;
    }
  }
  return undefined;
}

function splitEndpoint(documents: readonly YamlDocument[]): string | undefined {
  const document = documents.find((each) => textAt(each, ["kind"]) === "KubeClusterConfig");
  return document && textAt(document, ["endpoint"]);
}

/** The KMS endpoints of a document: the system disk's in the machine config, the volume's in documents of their own. */
export function kmsEndpointsOf(document: YamlDocument): readonly KmsKeyPlace[] {
  const kind = textAt(document, ["kind"]);
  const places: readonly (readonly [string, readonly string[]])[] =
    kind === undefined
      ? ["state", "ephemeral"].map((name) => [
          `machine.systemDiskEncryption.${name}`,
          ["machine", "systemDiskEncryption", name],
        ])
      : [[`${kind} ${textAt(document, ["name"]) ?? ""} encryption`, ["encryption"]]];
  return places.flatMap(([shown, path]) => {
    const keys = nodeAt(document, [...path, "keys"]);
    if (!isSeq(keys)) return [];
    return keys.items.flatMap((_, index) => {
      const endpoint = textAt(document, [...path, "keys", index, "kms", "endpoint"]);
      return endpoint === undefined ? [] : [{ path: `${shown}.keys[${index}].kms.endpoint`, endpoint }];
    });
  });
}
