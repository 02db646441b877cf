// A client of packages/vault as kms-vault would make it, and what the cases ask of it.
import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import {
  createVault,
  isVaultError,
  type Transit,
  type Vault,
  type VaultEvents,
  type VaultSettings,
} from "@talos-bridge/vault";
import type { OpenBao } from "./openbao.ts";

/** One thing that must hold; rejects where it does not. */
export interface Case {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export interface TestClient {
  readonly vault: Vault;
  readonly transit: Transit;
  /** Names of events, in their order; `requestEnded` as `operation outcome`. */
  readonly events: string[];
  readonly count: (event: string) => number;
}

/** Settings for this server, with what is given put over them. */
export function settingsFor(
  bao: OpenBao,
  settings: Partial<VaultSettings> & Pick<VaultSettings, "auth">,
): VaultSettings {
  return { address: bao.address, tls: { caFile: bao.caFile }, ...settings };
}

/** Starts a client, gives it to `use`, and closes it whatever comes. */
export async function withClient<T>(
  settings: VaultSettings,
  use: (client: TestClient) => Promise<T>,
): Promise<T> {
  const events: string[] = [];
  const recorder: VaultEvents = {
    requestEnded: ({ operation, outcome }) => void events.push(`${operation} ${outcome}`),
    loggedIn: () => void events.push("loggedIn"),
    loginFailed: ({ error }) => void events.push(`loginFailed ${error.code}`),
    wrappingAlarm: () => void events.push("wrappingAlarm"),
    tokenRejected: () => void events.push("tokenRejected"),
    tokenEnding: () => void events.push("tokenEnding"),
    revokeFailed: () => void events.push("revokeFailed"),
  };
  const vault = await createVault(settings, {
    readFile: (path) => readFile(path, "utf8"),
    events: recorder,
  });
  vault.session.start();
  try {
    const count = (event: string): number => events.filter((name) => name === event).length;
    return await use({ vault, transit: vault.transit(), events, count });
  } finally {
    await vault.close();
  }
}

export const SECRET = Buffer.from("0123456789abcdef0123456789abcdef");
export const NODE = "0b2d9a64-3f5e-4c4b-9a57-6f1d2f3c4b5a";

/** Encrypts, decrypts and compares; the ciphertext. */
export async function roundTrip(transit: Transit, key: string = NODE): Promise<string> {
  const { ciphertext } = await transit.encrypt({ key, plaintext: SECRET });
  await opens(transit, ciphertext, key);
  return ciphertext;
}

export async function opens(transit: Transit, ciphertext: string, key: string = NODE): Promise<void> {
  const { plaintext } = await transit.decrypt({ key, ciphertext });
  assert.deepEqual(Buffer.from(plaintext), SECRET);
}

/** Asserts that the work is refused with one of these codes in at most `withinMs`; the code and time taken. */
export async function refused(
  work: Promise<unknown>,
  codes: readonly string[],
  withinMs = 8_100,
): Promise<{ readonly code: string; readonly ms: number }> {
  const from = performance.now();
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const ms = Math.round(performance.now() - from);
  assert.ok(isVaultError(error), `no VaultError: ${String(error)}`);
  assert.ok(codes.includes(error.code), `${error.code} (${error.message}) is none of ${codes.join(", ")}`);
  assert.ok(ms <= withinMs, `took ${ms} ms`);
  return { code: error.code, ms };
}
