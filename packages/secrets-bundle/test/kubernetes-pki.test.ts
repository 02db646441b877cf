import {
  encodeSecretsBundle,
  readSecretsBundle,
  SecretsBundleError,
  secretsBundleFromKubernetesPki,
  type KubernetesPkiInput,
} from "@talos-bridge/secrets-bundle";
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { brief } from "./support/errors.ts";
import { fixture, NOW } from "./support/fixtures.ts";

const folder = new URL("./fixtures/kubernetes-pki/", import.meta.url);
const input: KubernetesPkiInput = { now: NOW, readFile: (path) => readFile(new URL(path, folder)) };

test("the CAs of the folder are taken as they are, the rest is made", async () => {
  const bundle = await secretsBundleFromKubernetesPki(input);
  const { os, ...rest } = bundle.certs;
  const of = (path: string): string => fixture(`kubernetes-pki/${path}`);
  expect(rest).toEqual({
    k8s: { crt: of("ca.crt"), key: of("ca.key") },
    etcd: { crt: of("etcd/ca.crt"), key: of("etcd/ca.key") },
    k8sAggregator: { crt: of("front-proxy-ca.crt"), key: of("front-proxy-ca.key") },
    k8sServiceAccount: { key: of("sa.key") },
  });
  expect(os.key).toMatch(/^-----BEGIN ED25519 PRIVATE KEY-----/);
  expect(readSecretsBundle(encodeSecretsBundle(bundle))).toEqual(bundle);
});

test("a bootstrap token that the cluster knows is kept", async () => {
  const { secrets } = await secretsBundleFromKubernetesPki({
    ...input,
    bootstrapToken: "abcdef.0123456789abcdef",
  });
  expect(secrets.bootstrapToken).toBe("abcdef.0123456789abcdef");
});

test("a file that can't be read is named", async () => {
  const cause = new Error("ENOENT");
  const making = secretsBundleFromKubernetesPki({
    ...input,
    readFile: (path) => (path === "etcd/ca.key" ? Promise.reject(cause) : input.readFile(path)),
  });
  await expect(making).rejects.toMatchObject({
    code: "ERR_BUNDLE_FILE",
    cause,
    message: "etcd/ca.key can't be read",
  });
});

test("files that do not belong together are all told", async () => {
  const swapped: Readonly<Record<string, string>> = { "ca.key": "etcd/ca.key", "sa.key": "ca.crt" };
  const error: unknown = await secretsBundleFromKubernetesPki({
    ...input,
    bootstrapToken: "too-short",
    readFile: (path) => input.readFile(swapped[path] ?? path),
  }).catch((reason: unknown) => reason);
  if (!(error instanceof SecretsBundleError)) throw new Error("not refused");
  expect(error.code).toBe("ERR_BUNDLE_INVALID");
  expect(brief(error.findings)).toEqual(["ca.key key-mismatch", "sa.key key", "bootstrap token token-shape"]);
});
