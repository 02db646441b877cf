import {
  encodeCertificates,
  generateKey,
  issueCertificate,
  PkiError,
  PROFILES,
  readCertificates,
  readPrivateKey,
  type Certificate,
  type PrivateKey,
} from "@talos-bridge/pki";
import { isIP } from "node:net";
import { checked, faulty, type Checked, type Fault } from "@talos-bridge/settings";
import type { MaterialPaths } from "./material-paths.ts";
import type { Contents, Trust } from "./trust.ts";

/** What TLS handshakes are served with, and what it says of the signer. */
export interface Serving {
  readonly certificatePem: string;
  /** PKCS#8 PEM. */
  readonly keyPem: string;
  /** Leaf first. */
  readonly chain: readonly Certificate[];
  readonly selfIssued: boolean;
}

/** Reads the configured serving pair. Whether it is valid and trusted depends on the CAs: see serving-fault.ts. */
export function readServing(
  paths: NonNullable<MaterialPaths["serving"]>,
  contents: Contents,
): Checked<Serving> {
  const certificateAt = { setting: "TLS_CERT_PATH", file: paths.certificate };
  const keyAt = { setting: "TLS_KEY_PATH", file: paths.key };
  const chain = attempt(certificateAt, contents, readCertificates);
  const key = attempt(keyAt, contents, readPrivateKey);
  const faults: Fault[] = [...(chain.ok ? [] : chain.faults), ...(key.ok ? [] : key.faults)];
  if (!chain.ok || !key.ok) return faulty(...faults);
  const leaf = chain.value[0];
  if (leaf === undefined) return faulty({ ...certificateAt, fault: "holds no certificate" });
  if (!leaf.publicKey.key.equals(key.value.publicKey.key)) {
    return faulty({ ...keyAt, fault: `is not the key of ${paths.certificate}` });
  }
  return checked({
    certificatePem: encodeCertificates(chain.value),
    keyPem: keyPemOf(key.value),
    chain: chain.value,
    selfIssued: false,
  });
}

function attempt<T>(
  where: { readonly setting: string; readonly file: string },
  contents: Contents,
  read: (bytes: Uint8Array) => T,
): Checked<T> {
  const bytes = contents.get(where.file);
  if (bytes === undefined) return faulty({ ...where, fault: "can't be read" });
  try {
    return checked(read(bytes));
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    return faulty({ ...where, fault: error.message });
  }
}

/** The life of a serving certificate that the signer issues itself; it is replaced after two thirds of it. */
const SELF_ISSUED_LIFETIME_MS = 24 * 3_600_000;

/** Issues a serving certificate from the CA for these names and addresses, with a fresh key. */
export async function issueServing(trust: Trust, names: readonly string[], now: Date): Promise<Serving> {
  const privateKey = await generateKey("ecdsa-p256");
  const issued = await issueCertificate(trust.issuing, {
    profile: PROFILES.talosNode,
    names: {
      commonName: "talos-csr-signer",
      dnsNames: names.filter((name) => isIP(name) === 0),
      ipAddresses: names.filter((name) => isIP(name) !== 0),
    },
    spki: privateKey.publicKey.spki,
    now,
    lifetimeMs: SELF_ISSUED_LIFETIME_MS,
  });
  return {
    certificatePem: issued.pem,
    keyPem: keyPemOf(privateKey),
    chain: readCertificates(new TextEncoder().encode(issued.pem)),
    selfIssued: true,
  };
}

/** Whether a self-issued certificate has used up two thirds of its life. */
export function needsRenewal(serving: Serving, now: Date): boolean {
  const leaf = serving.chain[0];
  if (!serving.selfIssued || leaf === undefined) return false;
  const life = leaf.notAfter.getTime() - leaf.notBefore.getTime();
  return now.getTime() > leaf.notBefore.getTime() + (life * 2) / 3;
}

function keyPemOf({ key }: PrivateKey): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}
