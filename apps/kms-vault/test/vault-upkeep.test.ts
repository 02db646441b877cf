import { createMetrics, type Log } from "@talos-bridge/grpc-server";
import type { Vault, VaultHealth, VaultSessionState } from "@talos-bridge/vault";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { createKmsMetrics } from "../src/kms-metrics.ts";
import { keepVault, type VaultUpkeep } from "../src/vault-upkeep.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const UP: VaultHealth = { usable: true, status: 200, state: "active", version: "2.7.2" };
const STANDBY: VaultHealth = { usable: true, status: 429, state: "standby", version: "2.7.2" };
const SEALED: VaultHealth = { usable: false, status: 503, state: "sealed", version: "2.7.2" };
const GONE: VaultHealth = { usable: false, status: undefined, state: "unreachable", version: undefined };

interface Kept {
  readonly upkeep: VaultUpkeep;
  /** Faults by name, those that there are. */
  readonly faults: () => Readonly<Record<string, string>>;
  /** Messages of the log at `info` and above. */
  readonly told: readonly string[];
  readonly sample: (name: string) => Promise<string | undefined>;
  /** Time passes, with a look at Vault every five seconds. */
  readonly pass: (ms: number) => Promise<void>;
  health: VaultHealth;
  session: Partial<VaultSessionState>;
  canaryFails: boolean;
}

async function keep(
  options: { readonly health?: VaultHealth; readonly canaryKey?: string } = {},
): Promise<Kept> {
  let now = 0;
  const told: string[] = [];
  const tell = (message: string): void => void told.push(message);
  const log: Log = { debug: () => undefined, info: tell, warn: tell, error: tell, with: () => log };
  const metrics = createMetrics({ build: { version: "test", revision: "test" } });
  const decrypt = async (): Promise<{ plaintext: Uint8Array; keyVersion: number }> => {
    if (kept.canaryFails) throw new Error("forbidden");
    return { plaintext: last, keyVersion: 1 };
  };
  let last: Uint8Array = Buffer.alloc(0);
  const vault: Vault = {
    session: {
      start: () => undefined,
      call: () => Promise.reject(new Error("not asked")),
      refresh: () => Promise.resolve(),
      state: () => ({
        method: "token",
        authenticated: true,
        tokenEndsInMs: 60_000,
        renewable: true,
        logins: 1,
        loginFailures: 0,
        renewals: 0,
        lastError: undefined,
        ...kept.session,
      }),
      stop: () => Promise.resolve(),
    },
    call: () => Promise.reject(new Error("not asked")),
    transit: () => ({
      async encrypt({ plaintext }) {
        last = plaintext;
        return { ciphertext: "vault:v1:AAAA", keyVersion: 1 };
      },
      decrypt,
    }),
    health: async () => kept.health,
    files: { tls: [], credentials: [] },
    reloadTls: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const kept: Kept = {
    health: options.health ?? UP,
    session: {},
    canaryFails: false,
    told,
    get upkeep(): VaultUpkeep {
      return upkeep;
    },
    faults: () =>
      Object.fromEntries(
        upkeep.checks.flatMap(({ name, fault }) => {
          const found = fault();
          return found === undefined ? [] : [[name, found]];
        }),
      ),
    sample: async (name) =>
      new RegExp(`^${name} (?<value>.*)$`, "m").exec(await metrics.text())?.groups?.["value"],
    async pass(ms) {
      for (const end = now + ms; now < end;) {
        const step = Math.min(1_000, end - now);
        now += step;
        await vi.advanceTimersByTimeAsync(step);
      }
    },
  };
  const upkeep = await keepVault({
    vault,
    mountPath: "transit",
    canaryKey: options.canaryKey,
    log,
    metrics: createKmsMetrics(metrics),
    monotonic: () => now,
    wallClock: () => 1_800_000_000_000,
  });
  onTestFinished(() => upkeep.stop());
  return kept;
}

test("row 38: a Vault that goes away is 30 seconds' grace, then not ready, and ready as soon as it is back", async () => {
  const kept = await keep();
  expect(kept.faults()).toEqual({});
  kept.health = SEALED;
  await kept.pass(30_000);
  expect(kept.faults()).toEqual({});
  expect(await kept.sample("talos_kms_vault_up")).toBe("0");
  await kept.pass(6_000);
  expect(kept.faults()).toEqual({ vault: "vault is sealed" });
  kept.health = GONE;
  await kept.pass(5_000);
  expect(kept.faults()).toEqual({ vault: "vault is unreachable" });
  kept.health = STANDBY;
  await kept.pass(5_000);
  expect(kept.faults()).toEqual({});
  expect(await kept.sample("talos_kms_vault_up")).toBe("1");
  // Told at each change of state, not at each look.
  expect(kept.told).toEqual(Array.from({ length: 4 }, () => "vault's state"));
});

test("row 38: a Vault that never was there has no grace", async () => {
  const kept = await keep({ health: GONE });
  expect(kept.faults()).toEqual({ vault: "vault is unreachable" });
});

test("row 38: a leader that changes within the grace takes no replica out", async () => {
  const kept = await keep({ health: STANDBY });
  for (let change = 0; change < 5; change++) {
    kept.health = GONE;
    await kept.pass(20_000);
    expect(kept.faults()).toEqual({});
    kept.health = STANDBY;
    await kept.pass(5_000);
  }
});

test("row 38: without a session it is not ready, with the reason's code and nothing else", async () => {
  const kept = await keep();
  kept.session = { authenticated: false, lastError: "ERR_VAULT_FORBIDDEN" };
  expect(kept.faults()).toEqual({ "vault-session": "not authenticated: ERR_VAULT_FORBIDDEN" });
});

test("the token's end is a metric: its time, or 0 where there is none", async () => {
  const kept = await keep();
  const ends = "talos_kms_vault_token_expiry_timestamp_seconds";
  expect(await kept.sample(ends)).toBe("1800000060");
  kept.session = { tokenEndsInMs: Infinity };
  expect(await kept.sample(ends)).toBe("0");
  kept.session = { tokenEndsInMs: undefined };
  expect(await kept.sample(ends)).toBe("0");
});

test("the canary key sets a metric and warns, and never decides on readiness", async () => {
  const kept = await keep({ canaryKey: "canary" });
  await kept.pass(1_000);
  expect(await kept.sample("talos_kms_canary_ok")).toBe("1");
  kept.canaryFails = true;
  await kept.pass(130_000);
  expect(await kept.sample("talos_kms_canary_ok")).toBe("0");
  expect(kept.faults()).toEqual({});
  kept.canaryFails = false;
  await kept.pass(60_000);
  expect(await kept.sample("talos_kms_canary_ok")).toBe("1");
  expect(kept.told.filter((message) => message.includes("canary"))).toEqual([
    "the canary key seals and unseals",
    "the canary key does not seal and unseal",
    "the canary key seals and unseals",
  ]);
});
