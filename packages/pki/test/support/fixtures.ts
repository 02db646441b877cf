import { loadCertificateAuthority, PkiError, type CertificateAuthority } from "@talos-bridge/pki";
import { readFileSync } from "node:fs";

/** Key types of the CAs among the fixtures. */
export const CA_TYPES = ["ed25519", "ecdsa-p256", "rsa-4096"] as const;
export type CaType = (typeof CA_TYPES)[number];

/** Text of a file that siderolabs/crypto made; see fixtures/README.md. */
export function fixture(path: string): string {
  return readFileSync(new URL(`../fixtures/${path}`, import.meta.url), "utf8");
}

/** A time within the life of every fixture. */
export const NOW = new Date("2030-06-01T12:00:00.500Z");

export function authority(type: CaType = "ed25519"): CertificateAuthority {
  const loaded = loadCertificateAuthority({
    certificates: fixture(`${type}/ca.crt`),
    key: fixture(`${type}/ca.key`),
  });
  if (!loaded.ok) throw new Error(loaded.faults.map(({ message }) => message).join("; "));
  return loaded.issuing;
}

/** The code of the PkiError that is thrown, `ok` for none; any other error fails the test. */
export function codeOf(work: () => unknown): string {
  try {
    work();
    return "ok";
  } catch (error) {
    if (error instanceof PkiError) return error.code;
    throw error;
  }
}
