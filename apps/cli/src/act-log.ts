import { readPrivateKey } from "@talos-bridge/pki";
import { createHash, X509Certificate } from "node:crypto";
import { appendFile, mkdir } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { CliError } from "./cli-error.ts";
import { reason } from "./files.ts";
import type { World } from "./world.ts";

/** One act with a CA's key, or with a key that may be one. Names and fingerprints, never a secret. */
export type Act = {
  /** Such as `issue-client-certificate`. */
  readonly act: string;
  readonly [field: string]: unknown;
} & (
  | {
      /** SHA-256 of the CA certificate, in hexadecimal. */
      readonly ca: string;
    }
  | {
      /** SHA-256 of the key's SubjectPublicKeyInfo, in hexadecimal, where nobody says whose it is. */
      readonly publicKey: string;
    }
);

/**
 * Appends a line to the audit log, before the act is done: TALOS_BRIDGE_AUDIT_LOG, else talos-bridge/audit.log under
 * XDG_STATE_HOME (`~/.local/state`). Throws TB1005 where it can't, and then the act must not be done.
 */
export async function recordAct({ env, now }: World, act: Act): Promise<void> {
  const path = actLogPath(env);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await appendFile(path, `${JSON.stringify({ time: now().toISOString(), ...act })}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new CliError("TB1005", `${path} can't be written: ${reason(cause)}`, { cause });
  }
}

/** SHA-256 of a private key's SubjectPublicKeyInfo, in lower-case hexadecimal. Throws {@link PkiError}. */
export function keyFingerprintOf(keyPem: string): string {
  return createHash("sha256").update(readPrivateKey(keyPem).publicKey.spki).digest("hex");
}

/** SHA-256 of a certificate, in lower-case hexadecimal. */
export function fingerprintOf(certificatePem: string): string {
  return new X509Certificate(certificatePem).fingerprint256.replaceAll(":", "").toLowerCase();
}

function actLogPath(env: World["env"]): string {
  const own = env["TALOS_BRIDGE_AUDIT_LOG"] ?? "";
  if (own !== "") return own;
  return join(stateFolder(env), "talos-bridge", "audit.log");
}

/** A relative one is none, as the XDG Base Directory Specification has it: the log would be in a folder of every place. */
function stateFolder(env: World["env"]): string {
  const [state = "", home = ""] = [env["XDG_STATE_HOME"], env["HOME"]];
  if (isAbsolute(state)) return state;
  return join(isAbsolute(home) ? home : homeOfUser(), ".local", "state");
}

function homeOfUser(): string {
  try {
    return userInfo().homedir;
  } catch (cause) {
    // A number without a name, as containers have them.
    const fix = "TALOS_BRIDGE_AUDIT_LOG=FILE";
    throw new CliError("TB1005", "the audit log has no place: this user has no home", { cause, fix });
  }
}
