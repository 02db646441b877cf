import {
  authorityFaults,
  PkiError,
  readCertificates,
  readPrivateKey,
  type Certificate,
  type PrivateKey,
} from "@talos-bridge/pki";
import { errorAt, warningAt, type Finding } from "./finding.ts";

/** The clock of checks: what has ended or will soon. */
export interface LintClock {
  readonly now: Date;
  /** Milliseconds; what ends earlier than this from `now` is `expiring`. 30 days if not given. */
  readonly expiringWithinMs?: number;
}

const THIRTY_DAYS_MS = 30 * 24 * 3_600_000;

/** Reads PEM certificates; a finding for each reason why they are none. The first is the one that Talos reads. */
export function readCertificateField(pem: string, path: string): Certificate | Finding {
  try {
    const [first] = readCertificates(pem);
    return first ?? errorAt(path, "certificate", "holds no certificate");
  } catch (error) {
    return keyMaterialFinding(error, path, "certificate");
  }
}

export function readKeyField(pem: string, path: string): PrivateKey | Finding {
  try {
    return readPrivateKey(pem);
  } catch (error) {
    return keyMaterialFinding(error, path, "key");
  }
}

export function isFinding(value: object): value is Finding {
  return "severity" in value;
}

function keyMaterialFinding(error: unknown, path: string, what: "certificate" | "key"): Finding {
  if (!(error instanceof PkiError)) throw error;
  if (error.code === "ERR_PKI_KEY_WEAK") return errorAt(path, "weak-key", `has a weak key: ${error.message}`);
  if (error.code === "ERR_PKI_PLACEHOLDER") return errorAt(path, "redacted", error.message);
  // Messages of that package name lines and structures, never content.
  return errorAt(path, what, `can't be read: ${error.message}`);
}

/** What is wrong with a CA, with or without the key that belongs to it, whatever the time. */
export function authorityFindings(input: {
  readonly crtPath: string;
  readonly crt: string | undefined;
  readonly keyPath: string;
  readonly key: string | undefined;
}): readonly Finding[] {
  const certificate = input.crt === undefined ? undefined : readCertificateField(input.crt, input.crtPath);
  const key = input.key === undefined ? undefined : readKeyField(input.key, input.keyPath);
  const findings = [certificate, key].filter((each) => each !== undefined && isFinding(each));
  if (certificate !== undefined && !isFinding(certificate)) {
    findings.push(...caFindings(certificate, input.crtPath));
    if (readCertificates(input.crt ?? "").length > 1) {
      findings.push(
        warningAt(input.crtPath, "several-certificates", "has several certificates; Talos reads the first"),
      );
    }
    if (key !== undefined && !isFinding(key) && !sameKey(certificate, key))
      findings.push(errorAt(input.keyPath, "key-mismatch", "does not belong to the certificate beside it"));
  }
  return findings;
}

/** Why a certificate is no root of Talos's: there are no intermediate CAs in its PKI (siderolabs/talos#11765). */
export function caFindings(certificate: Certificate, path: string): readonly Finding[] {
  if (Buffer.compare(certificate.subjectDer, certificate.issuerDer) !== 0) {
    const code = certificate.isCa ? "intermediate-ca" : "not-a-ca";
    const what = certificate.isCa ? "is an intermediate CA: Talos wants a root" : "is no CA";
    return [errorAt(path, code, what)];
  }
  return authorityFaults(certificate).map(({ code, message }) => {
    if (code === "ERR_PKI_SIGNATURE_ALGORITHM")
      return errorAt(path, "weak-signature", "is signed with MD5 or SHA-1");
    if (code === "ERR_PKI_SIGNATURE")
      return errorAt(path, "bad-signature", "has a signature that does not verify");
    return errorAt(path, "not-a-ca", `can't be used as a CA: ${message}`);
  });
}

/** Whether a certificate is out of its time, or soon will be. */
export function validityFindings(
  certificate: Certificate,
  path: string,
  clock: LintClock,
): readonly Finding[] {
  const { notBefore, notAfter } = certificate;
  const { now, expiringWithinMs = THIRTY_DAYS_MS } = clock;
  if (now < notBefore) return [errorAt(path, "not-yet-valid", `is not valid before ${dateOf(notBefore)}`)];
  if (now > notAfter) return [errorAt(path, "expired", `has expired on ${dateOf(notAfter)}`)];
  if (notAfter.getTime() - now.getTime() < expiringWithinMs)
    return [warningAt(path, "expiring", `expires on ${dateOf(notAfter)}`)];
  return [];
}

export function sameKey(certificate: Certificate, { publicKey }: PrivateKey): boolean {
  return Buffer.compare(certificate.publicKey.spki, publicKey.spki) === 0;
}

function dateOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
