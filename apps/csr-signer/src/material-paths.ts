import { checked, faulty, type Checked, type Fault } from "@talos-bridge/settings";

/** Where the material lies. `serving` is absent where the signer issues its own serving certificate. */
export interface MaterialPaths {
  readonly caCertificate: string;
  readonly caKey: string;
  readonly serving: { readonly certificate: string; readonly key: string } | undefined;
  readonly acceptedCas: string | undefined;
  /** Where it was not set: in the CA's folder, if there is one; the Secret there may gain the key later. */
  readonly tokenFile: { readonly path: string; readonly required: boolean } | undefined;
}

export interface PathSettings {
  readonly caCertPath: string | undefined;
  readonly caKeyPath: string | undefined;
  readonly tlsCertPath: string | undefined;
  readonly tlsKeyPath: string | undefined;
  readonly acceptedCasPath: string | undefined;
  readonly talosTokenFile: string | undefined;
}

const CA_DIR = "/etc/talos-ca";
const SERVING_DIR = "/etc/talos-server-crt";

/**
 * Decides once, at start, which files are read. The pairs of the two generations of the Go signer are tried in
 * order, `tls.*` before `ca.*`, and never mixed: half of one with half of the other is two clusters' material.
 */
export function resolvePaths(
  settings: PathSettings,
  exists: (path: string) => boolean,
): Checked<MaterialPaths> {
  const stem =
    exists(`${CA_DIR}/tls.crt`) || exists(`${CA_DIR}/tls.key`)
      ? "tls"
      : exists(`${CA_DIR}/ca.crt`)
        ? "ca"
        : "tls";
  const serving = resolveServing(settings, exists);
  const defaultTokenFile = exists(CA_DIR) ? { path: `${CA_DIR}/token`, required: false } : undefined;
  const { talosTokenFile } = settings;
  if (!serving.ok) return serving;
  return checked({
    caCertificate: settings.caCertPath ?? `${CA_DIR}/${stem}.crt`,
    caKey: settings.caKeyPath ?? `${CA_DIR}/${stem}.key`,
    serving: serving.value,
    acceptedCas: settings.acceptedCasPath,
    tokenFile: talosTokenFile === undefined ? defaultTokenFile : { path: talosTokenFile, required: true },
  });
}

function resolveServing(
  settings: PathSettings,
  exists: (path: string) => boolean,
): Checked<MaterialPaths["serving"]> {
  const certificate = settings.tlsCertPath ?? `${SERVING_DIR}/tls.crt`;
  const key = settings.tlsKeyPath ?? `${SERVING_DIR}/tls.key`;
  const asked = settings.tlsCertPath !== undefined || settings.tlsKeyPath !== undefined;
  if (!asked && !exists(certificate) && !exists(key)) return checked(undefined);
  const absent: Fault[] = [
    { setting: "TLS_CERT_PATH", file: certificate, fault: "is not there" },
    { setting: "TLS_KEY_PATH", file: key, fault: "is not there" },
  ].filter(({ file }) => !exists(file));
  return absent.length > 0 ? faulty(...absent) : checked({ certificate, key });
}
