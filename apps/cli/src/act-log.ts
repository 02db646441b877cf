import { X509Certificate } from "node:crypto";
import { appendFile, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { CliError } from "./cli-error.ts";
import { reason } from "./files.ts";
import type { World } from "./world.ts";

/** One act with a CA's key. Names and fingerprints, never a secret. */
export interface Act {
  /** Such as `issue-client-certificate`. */
  readonly act: string;
  /** SHA-256 of the CA certificate, in hexadecimal. */
  readonly ca: string;
  readonly [field: string]: unknown;
}

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

/** SHA-256 of a certificate, in lower-case hexadecimal. */
export function fingerprintOf(certificatePem: string): string {
  return new X509Certificate(certificatePem).fingerprint256.replaceAll(":", "").toLowerCase();
}

function actLogPath(env: World["env"]): string {
  const own = env["TALOS_BRIDGE_AUDIT_LOG"] ?? "";
  if (own !== "") return own;
  const state = env["XDG_STATE_HOME"] ?? "";
  return join(state === "" ? join(homedir(), ".local", "state") : state, "talos-bridge", "audit.log");
}
