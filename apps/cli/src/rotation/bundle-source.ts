import { loadCertificateAuthority } from "@talos-bridge/pki";
import { readSecretsBundle, replaceAuthority } from "@talos-bridge/secrets-bundle";
import { CliError } from "../cli-error.ts";
import { shownPath } from "../files.ts";
import { naming } from "../secrets-file.ts";
import type { Pair } from "./state.ts";

/** What a rotation takes from the secrets bundle, and what it gives back. */
export interface BundleSource {
  /** The Talos OS CA. */
  readonly ca: Pair;
  readonly token: string;
  /** The bundle's text with another OS CA; every other byte stays. */
  readonly withCa: (ca: Pair) => string;
}

/** Throws TB1006 for a bundle that can't be used, TB1007 for a CA in it that can't issue. */
export function readBundleSource(text: string, path: string): BundleSource {
  const { certs, trustdInfo } = naming(path, "TB1006", () => readSecretsBundle(text));
  const loaded = loadCertificateAuthority({ certificates: certs.os.crt, key: certs.os.key });
  if (!loaded.ok) {
    const faults = loaded.faults.map(({ field, message }) => `${field}: ${message}`);
    throw new CliError("TB1007", `${shownPath(path)}: the OS CA can't be used: ${faults.join("; ")}`);
  }
  return {
    ca: { certificate: certs.os.crt, key: certs.os.key },
    token: trustdInfo.token,
    withCa: ({ certificate, key }) =>
      naming(path, "TB1006", () => replaceAuthority(text, "os", { crt: certificate, key })),
  };
}
