import { SecretsBundleError } from "./errors.ts";

/**
 * What a check can find.
 *
 * The text: `unreadable`, `encrypted` (SOPS), `redacted`, `spelling` (talosctl does not read it so), `missing`, `ambiguous`
 * (both of two that exclude each other), `type` (no text), `base64`, `certificate` and `key` (not readable), `context`.
 * Certificates and keys: `key-mismatch`, `not-a-ca`, `intermediate-ca`, `several-certificates`, `weak-key`,
 * `weak-signature`, `bad-signature`, `not-yet-valid`, `expired`, `expiring`, `foreign-ca` and `foreign-value` (not the bundle's),
 * `unknown-authority`, `no-client-auth`, `key-on-worker`.
 * Values: `token-shape`, `secret-shape`, `kms-plaintext`, `kms-endpoint`, `endpoint`.
 */
export type FindingCode =
  | "unreadable"
  | "encrypted"
  | "redacted"
  | "spelling"
  | "missing"
  | "ambiguous"
  | "type"
  | "base64"
  | "certificate"
  | "key"
  | "context"
  | "key-mismatch"
  | "not-a-ca"
  | "intermediate-ca"
  | "several-certificates"
  | "weak-key"
  | "weak-signature"
  | "bad-signature"
  | "not-yet-valid"
  | "expired"
  | "expiring"
  | "foreign-ca"
  | "foreign-value"
  | "unknown-authority"
  | "no-client-auth"
  | "key-on-worker"
  | "token-shape"
  | "secret-shape"
  | "kms-plaintext"
  | "kms-endpoint"
  | "endpoint";

/** One thing that is wrong, as data. No field of it ever holds a secret. */
export interface Finding {
  readonly code: FindingCode;
  /** `error`: it does not work, or is not safe. `warning`: it works today. */
  readonly severity: "error" | "warning";
  /** Where, as the file spells it: `certs.os.key`, `machine.acceptedCAs[1]`; "" = the file as a whole. */
  readonly path: string;
  /** Reads on after the path: "is missing". */
  readonly message: string;
}

export function errorAt(path: string, code: FindingCode, message: string): Finding {
  return { code, severity: "error", path, message };
}

export function warningAt(path: string, code: FindingCode, message: string): Finding {
  return { code, severity: "warning", path, message };
}

/** Throws one {@link SecretsBundleError} that tells all findings of severity `error`; returns where there is none. */
export function refuse(findings: readonly Finding[]): void {
  const errors = findings.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return;
  const code = errors.some((finding) => finding.code === "encrypted")
    ? "ERR_BUNDLE_ENCRYPTED"
    : errors.some((finding) => finding.code === "redacted")
      ? "ERR_BUNDLE_REDACTED"
      : "ERR_BUNDLE_INVALID";
  const message = errors
    .map(({ path, message: what }) => (path === "" ? what : `${path} ${what}`))
    .join("; ");
  throw new SecretsBundleError(code, message, { findings: errors });
}

/** Runs a check so that a text which can't be read at all becomes a finding like the others. */
export function findingsOf(check: () => readonly Finding[]): readonly Finding[] {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof SecretsBundleError)) throw error;
    if (error.findings.length > 0) return error.findings;
    const code = error.code === "ERR_BUNDLE_ENCRYPTED" ? "encrypted" : "unreadable";
    return [errorAt("", code, error.message)];
  }
}
