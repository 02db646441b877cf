import {
  acceptedCas,
  encodeCertificates,
  loadCertificateAuthority,
  PkiError,
  readCertificates,
} from "@talos-bridge/pki";
import type { Certificate, CertificateAuthority } from "@talos-bridge/pki";
import { checked, faulty, type Checked, type Fault } from "@talos-bridge/settings";
import type { MaterialPaths } from "./material-paths.ts";

/** The issuing CA and what a worker is to trust from its next answer on. */
export interface Trust {
  readonly issuing: CertificateAuthority;
  /** Configured ones first, the issuing CA last: a worker makes its next key after the last one. */
  readonly accepted: readonly Certificate[];
  /** `accepted` encoded anew: never the bytes of a file, which may hold more than certificates. */
  readonly acceptedPem: Uint8Array;
}

/** File contents by path; `undefined` = not there or not readable. */
export type Contents = ReadonlyMap<string, Uint8Array | undefined>;

/** Reads the CA pair and the accepted CAs out of file contents. Every fault names its setting and file. */
export function readTrust(paths: MaterialPaths, contents: Contents): Checked<Trust> {
  const faults: Fault[] = [];
  const take = (setting: string, file: string): Uint8Array | undefined => {
    const bytes = contents.get(file);
    if (bytes === undefined) faults.push({ setting, file, fault: "is not there or can't be read" });
    return bytes;
  };
  const certificates = take("CA_CERT_PATH", paths.caCertificate);
  const key = take("CA_KEY_PATH", paths.caKey);
  const configured = paths.acceptedCas === undefined ? [] : readAccepted(paths.acceptedCas, take, faults);
  if (certificates === undefined || key === undefined) return faulty(...faults);

  const loaded = loadCertificateAuthority({ certificates, key });
  if (!loaded.ok) {
    const where = {
      certificates: { setting: "CA_CERT_PATH", file: paths.caCertificate },
      key: { setting: "CA_KEY_PATH", file: paths.caKey },
    };
    faults.push(...loaded.faults.map(({ field, message }) => ({ ...where[field], fault: message })));
    return faulty(...faults);
  }
  if (faults.length > 0) return faulty(...faults);
  const accepted = acceptedCas({ configured: [...configured, ...loaded.others], issuing: loaded.issuing });
  return checked({
    issuing: loaded.issuing,
    accepted,
    acceptedPem: new TextEncoder().encode(encodeCertificates(accepted)),
  });
}

function readAccepted(
  file: string,
  take: (setting: string, file: string) => Uint8Array | undefined,
  faults: Fault[],
): readonly Certificate[] {
  const setting = "ACCEPTED_CAS_PATH";
  const bytes = take(setting, file);
  if (bytes === undefined) return [];
  try {
    const certificates = readCertificates(bytes);
    for (const [index, { isCa }] of certificates.entries()) {
      if (!isCa) faults.push({ setting, file, fault: `certificate ${index + 1} is not a CA` });
    }
    return certificates;
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    faults.push({ setting, file, fault: error.message });
    return [];
  }
}
