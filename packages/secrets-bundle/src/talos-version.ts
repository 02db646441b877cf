import { SecretsBundleError } from "./errors.ts";

/** Versions whose machine configs are written. */
export const TALOS_VERSIONS = ["1.11", "1.12", "1.13"] as const;
export type TalosVersion = (typeof TALOS_VERSIONS)[number];

/** The minor version of `1.13`, `v1.13` or `v1.13.2`. Throws ERR_BUNDLE_INPUT for one that is not written. */
export function parseTalosVersion(text: string): TalosVersion {
  const minor = /^v?(?<minor>1\.\d+)(?:\.\d+(?:-[0-9A-Za-z.-]+)?)?$/.exec(text)?.groups?.["minor"];
  const version = TALOS_VERSIONS.find((each) => each === minor);
  if (version === undefined)
    throw new SecretsBundleError(
      "ERR_BUNDLE_INPUT",
      `the Talos version is none of ${TALOS_VERSIONS.join(", ")}`,
    );
  return version;
}
