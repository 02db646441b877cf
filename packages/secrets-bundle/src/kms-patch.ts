import { SecretsBundleError } from "./errors.ts";
import { parseKmsEndpoint } from "./kms-endpoint.ts";
import { encodeYaml, type YamlValue } from "./yaml-write.ts";

/** System volumes that can be encrypted. */
export type KmsVolume = "STATE" | "EPHEMERAL";

export interface KmsPatchInput {
  /** `https://kms.example.com:4050`; without TLS only where `allowPlaintext` says so. */
  readonly endpoint: string;
  readonly volumes: readonly KmsVolume[];
  /**
   * `volume-config`: a VolumeConfig document a volume, which Talos reads since 1.11. `machine-config`:
   * `machine.systemDiskEncryption`, which all versions read. Talos refuses a volume that is in both. The first if not given.
   */
  readonly form?: "volume-config" | "machine-config";
  /** LUKS key slot; 0 if not given. */
  readonly slot?: number;
  /**
   * A passphrase in the next slot, for the day when the KMS is lost. It is written into the patch, which is a secret then.
   */
  readonly recoveryPassphrase?: string;
  readonly allowPlaintext?: boolean;
}

/**
 * Writes a patch for `talosctl … --config-patch` that encrypts disks with keys of a KMS. Throws ERR_BUNDLE_INPUT: an endpoint
 * that can't be dialled, or one without TLS; no volume, or one twice; a slot outside 0 to 30.
 */
export function encodeKmsPatch(input: KmsPatchInput): string {
  const {
    endpoint,
    volumes,
    form = "volume-config",
    slot = 0,
    recoveryPassphrase,
    allowPlaintext = false,
  } = input;
  if (!parseKmsEndpoint(endpoint).tls && !allowPlaintext)
    throw new SecretsBundleError("ERR_BUNDLE_INPUT", "the KMS endpoint has no TLS: write https://");
  if (volumes.length === 0 || new Set(volumes).size !== volumes.length)
    throw new SecretsBundleError("ERR_BUNDLE_INPUT", "name each volume to encrypt once");
  // LUKS2 has 32 slots; the last may be that of the recovery passphrase.
  if (!Number.isInteger(slot) || slot < 0 || slot > 30)
    throw new SecretsBundleError("ERR_BUNDLE_INPUT", "the key slot is not between 0 and 30");

  const keys = [{ slot, key: { kms: { endpoint } } as Readonly<Record<string, YamlValue>> }];
  if (recoveryPassphrase !== undefined)
    keys.push({ slot: slot + 1, key: { static: { passphrase: recoveryPassphrase } } });
  // Each form in the order in which Talos's code writes its fields.
  if (form === "machine-config") {
    const encryption = {
      provider: "luks2",
      keys: keys.map(({ slot: number, key }) => ({ ...key, slot: number })),
    };
    return encodeYaml({
      machine: {
        systemDiskEncryption: {
          state: volumes.includes("STATE") ? encryption : undefined,
          ephemeral: volumes.includes("EPHEMERAL") ? encryption : undefined,
        },
      },
    });
  }
  const encryption = {
    provider: "luks2",
    keys: keys.map(({ slot: number, key }) => ({ slot: number, ...key })),
  };
  return volumes
    .map((name) => encodeYaml({ apiVersion: "v1alpha1", kind: "VolumeConfig", name, encryption }))
    .join("---\n");
}
