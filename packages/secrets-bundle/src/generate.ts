import { AUTHORITY_PROFILES, type GeneratedKeyType } from "@talos-bridge/pki";
import { randomBytes } from "node:crypto";
import type { SecretsBundle } from "./bundle.ts";
import { PKI_MAKERS, type BundleMakers } from "./makers.ts";
import { randomId, randomSecret, randomToken, type Random } from "./random-text.ts";

export interface GenerateInput {
  readonly now: Date;
  /** For ids, tokens and secrets; the system's if not given. Keys have their own source. */
  readonly random?: Random;
  readonly makers?: BundleMakers;
  /** Of the CA of the Talos API; Ed25519 if not given. */
  readonly osKeyType?: GeneratedKeyType;
  /** RSA-4096 if not given, as Talos has it since 1.7; it takes seconds. */
  readonly serviceAccountKeyType?: GeneratedKeyType;
}

/**
 * Makes a new bundle, field for field as Talos 1.11 to 1.13 do (`NewBundle` of siderolabs/talos pkg/machinery
 * config/generate/secrets): same alphabets, lengths, key types, subjects, validity.
 */
export function generateSecretsBundle(input: GenerateInput): Promise<SecretsBundle> {
  return completeBundle({ certs: {}, bootstrapToken: undefined }, input);
}

/** What is already there when a bundle is made. */
export interface GivenParts {
  readonly certs: Partial<SecretsBundle["certs"]>;
  readonly bootstrapToken: string | undefined;
}

/** Makes a bundle around given parts, as `populate` does in Talos's code: what is there stays. */
export async function completeBundle(given: GivenParts, input: GenerateInput): Promise<SecretsBundle> {
  const { now, random = randomBytes, makers = PKI_MAKERS } = input;
  const { osKeyType = AUTHORITY_PROFILES.talos.keyType, serviceAccountKeyType = "rsa-4096" } = input;
  const { certs } = given;
  const [etcd, k8s, k8sAggregator, os, serviceAccount] = await Promise.all([
    certs.etcd ?? makers.authority(AUTHORITY_PROFILES.etcd, now),
    certs.k8s ?? makers.authority(AUTHORITY_PROFILES.kubernetes, now),
    certs.k8sAggregator ?? makers.authority(AUTHORITY_PROFILES.kubernetesAggregator, now),
    certs.os ?? makers.authority({ ...AUTHORITY_PROFILES.talos, keyType: osKeyType }, now),
    certs.k8sServiceAccount?.key ?? makers.key(serviceAccountKeyType),
  ]);
  return {
    cluster: { id: randomId(random), secret: randomSecret(random) },
    secrets: {
      bootstrapToken: given.bootstrapToken ?? randomToken(random),
      aescbcEncryptionSecret: undefined,
      secretboxEncryptionSecret: randomSecret(random),
    },
    trustdInfo: { token: randomToken(random) },
    certs: { etcd, k8s, k8sAggregator, k8sServiceAccount: { key: serviceAccount }, os },
  };
}
