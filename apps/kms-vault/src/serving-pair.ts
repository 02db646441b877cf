import type { FileContents, TlsMaterial } from "@talos-bridge/grpc-server";
import { encodeCertificates, PkiError, readCertificates, readPrivateKey } from "@talos-bridge/pki";
import { checked, faulty, type Checked } from "@talos-bridge/settings";

export interface ServingPaths {
  readonly certificate: string;
  readonly key: string;
}

export interface ServingPair {
  readonly tls: TlsMaterial;
  readonly notAfter: Date;
}

/** Reads the serving certificate and its key, which must belong together. The certificate's validity is not judged. */
export function readServingPair(paths: ServingPaths, contents: FileContents): Checked<ServingPair> {
  const certificate = attempt("--tls-cert", paths.certificate, contents, readCertificates);
  const key = attempt("--tls-key", paths.key, contents, readPrivateKey);
  if (!certificate.ok || !key.ok) {
    return faulty(...(certificate.ok ? [] : certificate.faults), ...(key.ok ? [] : key.faults));
  }
  const leaf = certificate.value[0];
  if (!leaf?.publicKey.key.equals(key.value.publicKey.key)) {
    const fault = `is not the key of ${paths.certificate}`;
    return faulty({ setting: "--tls-key", file: paths.key, fault });
  }
  return checked({
    tls: { cert: encodeCertificates(certificate.value), key: key.value.key },
    notAfter: leaf.notAfter,
  });
}

function attempt<T>(
  setting: string,
  file: string,
  contents: FileContents,
  read: (bytes: Uint8Array) => T,
): Checked<T> {
  const bytes = contents.get(file);
  if (bytes === undefined) return faulty({ setting, file, fault: "can't be read" });
  try {
    return checked(read(bytes));
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    return faulty({ setting, file, fault: error.message });
  }
}
