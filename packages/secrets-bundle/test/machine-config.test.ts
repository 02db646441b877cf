import {
  readMachineConfig,
  readSecretsBundle,
  secretsBundleFromMachineConfig,
} from "@talos-bridge/secrets-bundle";
import { describe, expect, test } from "vitest";
import { brief, codeOf, errorOf } from "./support/errors.ts";
import { base64, fixture, SECRETS } from "./support/fixtures.ts";

const bundle = readSecretsBundle(SECRETS);
const controlPlane = fixture("talos/controlplane-commented.yaml");
const worker = fixture("talos/worker-commented.yaml");

test("the bundle of a control plane's config is the bundle that it was made of", () => {
  expect(secretsBundleFromMachineConfig(controlPlane)).toEqual(bundle);
});

test("a worker's config has all but the keys", () => {
  const { type, values, acceptedCas, endpoint, kmsEndpoints } = readMachineConfig(worker);
  expect({ type, acceptedCas, endpoint, kmsEndpoints }).toEqual({
    type: "worker",
    acceptedCas: [],
    endpoint: "https://cp.example.com:6443",
    kmsEndpoints: [],
  });
  expect(Object.fromEntries(values)).toEqual({
    "cluster.id": bundle.cluster.id,
    "cluster.secret": bundle.cluster.secret,
    "secrets.bootstraptoken": bundle.secrets.bootstrapToken,
    "trustdinfo.token": bundle.trustdInfo.token,
    "certs.k8s.crt": bundle.certs.k8s.crt,
    "certs.os.crt": bundle.certs.os.crt,
  });
  expect(brief(errorOf(() => secretsBundleFromMachineConfig(worker))?.findings ?? [])).toEqual([
    "cluster.etcd.ca.crt missing",
    "cluster.etcd.ca.key missing",
    "cluster.ca.key missing",
    "cluster.aggregatorCA.crt missing",
    "cluster.aggregatorCA.key missing",
    "cluster.serviceAccount.key missing",
    "machine.ca.key missing",
    "cluster.aescbcEncryptionSecret, cluster.secretboxEncryptionSecret missing",
  ]);
});

test("what Talos keeps in documents of their own since 1.14 is found there", () => {
  const { certs, cluster, secrets, trustdInfo } = bundle;
  const pem = (text: string): string => `|\n${text.replaceAll(/^(?=.)/gm, "        ")}`;
  const pair = ({ crt, key }: { crt: string; key: string }): string =>
    `issuingCA:\n    cert: ${pem(crt)}    key: ${pem(key)}`;
  const documents = [
    `machine:\n    type: controlplane\n    token: ${trustdInfo.token}\n    ca:\n        crt: ${base64(certs.os.crt)}\n        key: ${base64(certs.os.key)}\ncluster:\n    token: ${secrets.bootstrapToken}\n    etcd:\n        ca:\n            crt: ${base64(certs.etcd.crt)}\n            key: ${base64(certs.etcd.key)}\n`,
    `kind: DiscoveryIdentityConfig\nclusterID: ${cluster.id}\nclusterSecret: ${cluster.secret}\n`,
    `kind: KubeAPIServerCAConfig\n${pair(certs.k8s)}`,
    `kind: KubeAggregatorCAConfig\n${pair(certs.k8sAggregator)}`,
    `kind: KubeServiceAccountConfig\nissuer:\n    privateKey: ${pem(certs.k8sServiceAccount.key)}`,
    `kind: KubeEtcdEncryptionConfig\nconfig:\n    resources:\n        - providers:\n            - secretbox:\n                keys:\n                    - name: key2\n                      secret: ${secrets.secretboxEncryptionSecret}\n`,
    `kind: KubeClusterConfig\nendpoint: https://cp:6443\n`,
  ];
  const text = documents.join("---\n");
  expect(secretsBundleFromMachineConfig(text)).toEqual(bundle);
  expect(readMachineConfig(text).endpoint).toBe("https://cp:6443");
  const redacted = text.replace(cluster.secret, "REDACTED");
  expect(codeOf(() => readMachineConfig(redacted))).toBe("ERR_BUNDLE_REDACTED");
});

test("KMS endpoints are found wherever a volume may name one", () => {
  const text = `machine:
    type: worker
    systemDiskEncryption:
        state: {provider: luks2, keys: [{nodeID: {}, slot: 1}, {kms: {endpoint: "https://a:1"}, slot: 0}]}
        ephemeral: {provider: luks2, keys: [{kms: {endpoint: "https://b:1"}, slot: 0}]}
---
apiVersion: v1alpha1
kind: UserVolumeConfig
name: data
encryption:
    provider: luks2
    keys:
        - slot: 0
          kms: {endpoint: c:1}
`;
  expect(readMachineConfig(text).kmsEndpoints).toEqual([
    { path: "machine.systemDiskEncryption.state.keys[1].kms.endpoint", endpoint: "https://a:1" },
    { path: "machine.systemDiskEncryption.ephemeral.keys[0].kms.endpoint", endpoint: "https://b:1" },
    { path: "UserVolumeConfig data encryption.keys[0].kms.endpoint", endpoint: "c:1" },
  ]);
});

describe("what is no machine config is refused", () => {
  test.each([
    { name: "a bundle", input: "secrets: {bootstraptoken: a}\n", want: "ERR_BUNDLE_KIND" },
    {
      name: "documents of other kinds alone",
      input: "kind: HostnameConfig\nauto: stable\n",
      want: "ERR_BUNDLE_KIND",
    },
    { name: "two of them", input: `${worker}---\nmachine: {type: worker}\n`, want: "ERR_BUNDLE_DOCUMENTS" },
    {
      name: "one that SOPS encrypted",
      input: "machine: {token: 'ENC[AES256_GCM,data:a]'}\n",
      want: "ERR_BUNDLE_ENCRYPTED",
    },
    {
      name: "one that talosctl redacted",
      input: "machine: {token: '******'}\n",
      want: "ERR_BUNDLE_REDACTED",
    },
    {
      name: "an accepted CA that is none",
      input: "machine: {acceptedCAs: [{crt: a!}, {key: b}]}\n",
      want: "ERR_BUNDLE_INVALID",
    },
  ])("$name", ({ input, want }) => {
    expect(codeOf(() => readMachineConfig(input))).toBe(want);
  });
});
