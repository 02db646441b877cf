import { VaultError, type Transit, type VaultErrorCode } from "@talos-bridge/vault";
import { describe, expect, test } from "vitest";
import { createUuidPolicy, type NodeUuid } from "../src/node-uuid.ts";
import type { SealBackend } from "../src/seal-backend.ts";
import { SealError, type SealErrorCode } from "../src/seal-error.ts";
import { createTransitBackend } from "../src/transit-backend.ts";
import { NODE } from "./support/kms.ts";
import { CIPHERTEXT, SECRET } from "./support/service.ts";

const TEXT = CIPHERTEXT.toString("latin1");
const NEVER = new AbortController().signal;

interface Asked {
  readonly action: "encrypt" | "decrypt";
  readonly key: string;
  readonly at: number;
  readonly budgetMs: number | undefined;
}

interface FakeTransit {
  readonly backend: SealBackend;
  readonly asked: Asked[];
  readonly now: () => number;
}

/** A transit port on a clock of its own. `answer` says what a request comes to, and how long it takes. */
function fakeTransit(
  answer: (
    asked: Asked,
    nth: number,
  ) => { readonly takesMs?: number; readonly error?: VaultErrorCode } = () => ({}),
  options: { readonly keyPolicy?: "upsert" | "precreate"; readonly plaintext?: Uint8Array } = {},
): FakeTransit {
  let now = 1_000;
  const asked: Asked[] = [];
  async function ask(
    action: Asked["action"],
    { key, budgetMs, signal }: { key: string; budgetMs?: number; signal?: AbortSignal | undefined },
  ): Promise<void> {
    const request = { action, key, at: now - 1_000, budgetMs };
    asked.push(request);
    const { takesMs = 0, error } = answer(request, asked.length);
    // As the real client: never longer than its budget.
    now += Math.min(takesMs, budgetMs ?? takesMs);
    if (signal?.aborted === true) throw new VaultError("ERR_VAULT_ABORTED", "aborted");
    if (takesMs > (budgetMs ?? takesMs)) throw new VaultError("ERR_VAULT_TIMEOUT", "late");
    if (error !== undefined) throw new VaultError(error, "vault says so");
  }
  const transit: Transit = {
    async encrypt(request) {
      await ask("encrypt", request);
      return { ciphertext: TEXT, keyVersion: 3 };
    },
    async decrypt(request) {
      await ask("decrypt", request);
      return { plaintext: options.plaintext ?? SECRET, keyVersion: 3 };
    },
  };
  const backend = createTransitBackend({
    transit,
    keyPolicy: options.keyPolicy ?? "upsert",
    sealSize: 32,
    now: () => now,
    wait: async (ms) => void (now += ms),
  });
  return { backend, asked, now: () => now - 1_000 };
}

/** A checked UUID, as it was typed. */
function nodeOf(typed: string): { readonly uuid: NodeUuid; readonly typed: string | undefined } {
  const checked = createUuidPolicy({
    mode: "relaxed",
    disableValidation: false,
    allowedVersions: "any",
    disableEntropyCheck: false,
  })(typed);
  if (!checked.ok) throw new Error("no UUID");
  return checked;
}

const seal = (backend: SealBackend, signal = NEVER): ReturnType<SealBackend["seal"]> =>
  backend.seal({ uuid: nodeOf(NODE).uuid, data: SECRET, signal });
const unseal = (
  backend: SealBackend,
  {
    typed = NODE,
    ciphertext = CIPHERTEXT,
    signal = NEVER,
  }: { typed?: string; ciphertext?: Uint8Array; signal?: AbortSignal } = {},
): ReturnType<SealBackend["unseal"]> => backend.unseal({ ...nodeOf(typed), ciphertext, signal });

async function codeOf(work: Promise<unknown>): Promise<SealErrorCode | "answered"> {
  try {
    await work;
    return "answered";
  } catch (error) {
    if (error instanceof SealError) return error.code;
    throw error;
  }
}

describe("what Vault's errors mean", () => {
  const rows: readonly {
    readonly error: VaultErrorCode;
    readonly unseal: SealErrorCode;
    readonly seal: SealErrorCode;
  }[] = [
    ...(
      [
        "ERR_VAULT_UNAVAILABLE",
        "ERR_VAULT_SEALED",
        "ERR_VAULT_RATE_LIMITED",
        "ERR_VAULT_TIMEOUT",
        "ERR_VAULT_BAD_RESPONSE",
        "ERR_VAULT_REDIRECTED",
        "ERR_VAULT_UNAUTHENTICATED",
        "ERR_VAULT_MOUNT_MISSING",
        "ERR_VAULT_UNSUPPORTED",
        "ERR_VAULT_STOPPED",
        "ERR_VAULT_CREDENTIALS",
        "ERR_VAULT_WRAPPING",
        "ERR_VAULT_ARGUMENT",
      ] as const
    ).map((error) => ({ error, unseal: "ERR_KMS_UNAVAILABLE", seal: "ERR_KMS_UNAVAILABLE" }) as const),
    { error: "ERR_VAULT_FORBIDDEN", unseal: "ERR_KMS_FORBIDDEN", seal: "ERR_KMS_FORBIDDEN" },
    { error: "ERR_VAULT_ABORTED", unseal: "ERR_KMS_ABORTED", seal: "ERR_KMS_ABORTED" },
    { error: "ERR_VAULT_KEY_NOT_FOUND", unseal: "ERR_KMS_REFUSED", seal: "ERR_KMS_UNKNOWN_NODE" },
    { error: "ERR_VAULT_REJECTED", unseal: "ERR_KMS_REFUSED", seal: "ERR_KMS_KEY_UNUSABLE" },
  ];
  for (const row of rows) {
    test(`row 38: ${row.error}`, async () => {
      const answer = (): { error: VaultErrorCode } => ({ error: row.error });
      expect(await codeOf(unseal(fakeTransit(answer).backend))).toBe(row.unseal);
      expect(await codeOf(seal(fakeTransit(answer).backend))).toBe(row.seal);
    });
  }

  test("row 38: what is no error of Vault's stays what it is", async () => {
    const { backend } = fakeTransit(() => {
      throw new TypeError("a fault of ours");
    });
    await expect(unseal(backend)).rejects.toThrow(TypeError);
  });
});

describe("row 36: ciphertexts", () => {
  const body = Buffer.alloc(60, 1).toString("base64");
  for (const { name, text, want, asks } of [
    { name: "empty", text: "", want: "ERR_KMS_MALFORMED", asks: 0 },
    { name: "the keyring's", text: `tbk:v1:1:${body}`, want: "ERR_KMS_MALFORMED", asks: 0 },
    { name: "version 0", text: `vault:v0:${body}`, want: "ERR_KMS_MALFORMED", asks: 0 },
    { name: "version 01", text: `vault:v01:${body}`, want: "ERR_KMS_MALFORMED", asks: 0 },
    {
      name: "a version of ten digits",
      text: `vault:v1234567890:${body}`,
      want: "ERR_KMS_MALFORMED",
      asks: 0,
    },
    { name: "upper case", text: `VAULT:v1:${body}`, want: "ERR_KMS_MALFORMED", asks: 0 },
    { name: "white space before", text: ` vault:v1:${body}`, want: "ERR_KMS_MALFORMED", asks: 0 },
    { name: "random bytes", text: "\u0000\u00ff\u0010", want: "ERR_KMS_MALFORMED", asks: 0 },
    { name: "nothing after the prefix", text: "vault:v1:", want: "ERR_KMS_REFUSED", asks: 0 },
    {
      name: "base64 cut within a group",
      text: `vault:v1:${body.slice(0, -1)}`,
      want: "ERR_KMS_REFUSED",
      asks: 0,
    },
    {
      name: "a line end inside",
      text: `vault:v1:${body.slice(0, 8)}\n${body.slice(8)}`,
      want: "ERR_KMS_REFUSED",
      asks: 0,
    },
    { name: "a line end after", text: `vault:v1:${body}\n`, want: "ERR_KMS_REFUSED", asks: 0 },
    { name: "base64url", text: `vault:v1:${body.slice(0, -4)}-_AA`, want: "ERR_KMS_REFUSED", asks: 0 },
    { name: "stray bits in the last digit", text: "vault:v1:AB==", want: "ERR_KMS_REFUSED", asks: 0 },
    {
      name: "a NUL inside",
      text: `vault:v1:${body.slice(0, 8)}\0${body.slice(9)}`,
      want: "ERR_KMS_REFUSED",
      asks: 0,
    },
    {
      name: "longer than any key's ciphertext",
      text: `vault:v1:${Buffer.alloc(1_059, 1).toString("base64")}`,
      want: "ERR_KMS_REFUSED",
      asks: 0,
    },
    {
      name: "as long as one may be",
      text: `vault:v1:${Buffer.alloc(1_056, 1).toString("base64")}`,
      want: "answered",
      asks: 1,
    },
    { name: "whole", text: `vault:v1:${body}`, want: "answered", asks: 1 },
    { name: "a high version", text: `vault:v123456789:${body}`, want: "answered", asks: 1 },
  ]) {
    test(`row 36: ${name}`, async () => {
      const { backend, asked } = fakeTransit();
      expect(await codeOf(unseal(backend, { ciphertext: Buffer.from(text, "latin1") }))).toBe(want);
      expect(asked).toHaveLength(asks);
    });
  }
});

describe("row 37: the name that the Go proxy gave a key", () => {
  const TYPED = NODE.toUpperCase();
  for (const { name, first, second, want, keys } of [
    {
      name: "the lower-case key opens it",
      first: undefined,
      second: undefined,
      want: "answered",
      keys: [NODE],
    },
    {
      name: "no lower-case key: the typed one opens it",
      first: "ERR_VAULT_KEY_NOT_FOUND",
      second: undefined,
      want: "answered",
      keys: [NODE, TYPED],
    },
    {
      name: "the node was sealed anew under the lower-case key, its older ciphertext is the typed one's",
      first: "ERR_VAULT_REJECTED",
      second: undefined,
      want: "answered",
      keys: [NODE, TYPED],
    },
    {
      name: "neither opens it",
      first: "ERR_VAULT_REJECTED",
      second: "ERR_VAULT_KEY_NOT_FOUND",
      want: "ERR_KMS_REFUSED",
      keys: [NODE, TYPED],
    },
    {
      name: "Vault goes away in between",
      first: "ERR_VAULT_KEY_NOT_FOUND",
      second: "ERR_VAULT_UNAVAILABLE",
      want: "ERR_KMS_UNAVAILABLE",
      keys: [NODE, TYPED],
    },
    {
      name: "403 is final",
      first: "ERR_VAULT_FORBIDDEN",
      second: undefined,
      want: "ERR_KMS_FORBIDDEN",
      keys: [NODE],
    },
    {
      name: "so is an outage",
      first: "ERR_VAULT_TIMEOUT",
      second: undefined,
      want: "ERR_KMS_UNAVAILABLE",
      keys: [NODE],
    },
  ] as const) {
    test(`row 37: ${name}`, async () => {
      const { backend, asked } = fakeTransit((_, nth) => {
        const error = nth === 1 ? first : second;
        return error === undefined ? {} : { error };
      });
      expect(await codeOf(unseal(backend, { typed: TYPED }))).toBe(want);
      expect(asked.map(({ key }) => key)).toEqual(keys);
    });
  }

  test("row 37: a UUID typed in lower case has one name, and a Seal uses lower case alone", async () => {
    const rejected = fakeTransit(() => ({ error: "ERR_VAULT_KEY_NOT_FOUND" }));
    expect(await codeOf(unseal(rejected.backend))).toBe("ERR_KMS_REFUSED");
    expect(rejected.asked).toHaveLength(1);
    const { backend, asked } = fakeTransit();
    await backend.seal({ uuid: nodeOf(TYPED).uuid, data: SECRET, signal: NEVER });
    expect(asked.map(({ action, key }) => `${action} ${key}`)).toEqual([
      `encrypt ${NODE}`,
      `decrypt ${NODE}`,
    ]);
  });
});

describe("row 37: a Seal is answered only after it was unsealed again", () => {
  const onDecrypt =
    (error: VaultErrorCode, times = Infinity) =>
    ({ action }: Asked, nth: number): { error?: VaultErrorCode } =>
      action === "decrypt" && nth - 1 <= times ? { error } : {};

  test("row 37: a policy that may encrypt but not decrypt", async () => {
    const { backend } = fakeTransit(onDecrypt("ERR_VAULT_FORBIDDEN"));
    expect(await codeOf(seal(backend))).toBe("ERR_KMS_FORBIDDEN");
  });

  test("row 37: other bytes come back", async () => {
    for (const plaintext of [Buffer.alloc(32, 1), SECRET.subarray(1), Buffer.alloc(0)]) {
      const { backend } = fakeTransit(undefined, { plaintext });
      expect(await codeOf(seal(backend))).toBe("ERR_KMS_NOT_UNSEALABLE");
    }
  });

  for (const error of ["ERR_VAULT_KEY_NOT_FOUND", "ERR_VAULT_REJECTED"] as const) {
    test(`row 37: a standby that lags (${error}) is asked again for two seconds`, async () => {
      const lagging = fakeTransit(onDecrypt(error, 5));
      expect(await codeOf(seal(lagging.backend))).toBe("answered");
      expect(lagging.now()).toBe(500);
      const stale = fakeTransit(onDecrypt(error));
      expect(await codeOf(seal(stale.backend))).toBe("ERR_KMS_UNAVAILABLE");
      expect(stale.now()).toBe(2_000);
    });
  }

  test("row 38: an outage in between is not waited out", async () => {
    const { backend, asked } = fakeTransit(onDecrypt("ERR_VAULT_SEALED"));
    expect(await codeOf(seal(backend))).toBe("ERR_KMS_UNAVAILABLE");
    expect(asked).toHaveLength(2);
  });
});

describe("row 35: precreate", () => {
  for (const { name, error, want, asks } of [
    {
      name: "a node without a key is unknown",
      error: "ERR_VAULT_KEY_NOT_FOUND",
      want: "ERR_KMS_UNKNOWN_NODE",
      asks: 1,
    },
    {
      name: "Vault is away: nothing is said of the node",
      error: "ERR_VAULT_UNAVAILABLE",
      want: "ERR_KMS_UNAVAILABLE",
      asks: 1,
    },
    { name: "the policy forbids asking", error: "ERR_VAULT_FORBIDDEN", want: "ERR_KMS_FORBIDDEN", asks: 1 },
    {
      name: "a key that refuses the question is there",
      error: "ERR_VAULT_REJECTED",
      want: "answered",
      asks: 3,
    },
  ] as const) {
    test(`row 35: ${name}`, async () => {
      const { backend, asked } = fakeTransit((_, nth) => (nth === 1 ? { error } : {}), {
        keyPolicy: "precreate",
      });
      expect(await codeOf(seal(backend))).toBe(want);
      expect(asked.map(({ action }) => action)).toEqual(["decrypt", "encrypt", "decrypt"].slice(0, asks));
    });
  }
});

describe("row 38: eight seconds for all that a call asks of Vault", () => {
  test("row 38: each request gets what the ones before it left", async () => {
    const { backend, asked } = fakeTransit(
      (_, nth) => (nth === 1 ? { takesMs: 3_000, error: "ERR_VAULT_REJECTED" } : { takesMs: 2_000 }),
      {
        keyPolicy: "precreate",
      },
    );
    await seal(backend);
    expect(asked.map(({ action, budgetMs }) => [action, budgetMs])).toEqual([
      ["decrypt", 7_700],
      ["encrypt", 4_700],
      ["decrypt", 2_700],
    ]);
  });

  for (const takesMs of [2_600, 4_001, 7_699, 7_700, 60_000]) {
    test(`row 38: requests of ${takesMs} ms each`, async () => {
      const sealing = fakeTransit(() => ({ takesMs }), { keyPolicy: "precreate" });
      await codeOf(seal(sealing.backend));
      expect(sealing.now()).toBeLessThanOrEqual(7_700);
      const typed = fakeTransit(() => ({ takesMs, error: "ERR_VAULT_KEY_NOT_FOUND" }));
      await codeOf(unseal(typed.backend, { typed: NODE.toUpperCase() }));
      expect(typed.now()).toBeLessThanOrEqual(7_700);
      const lagging = fakeTransit(({ action }) =>
        action === "encrypt" ? { takesMs } : { takesMs: 300, error: "ERR_VAULT_REJECTED" },
      );
      expect(await codeOf(seal(lagging.backend))).toBe("ERR_KMS_UNAVAILABLE");
      expect(lagging.now()).toBeLessThanOrEqual(7_700);
    });
  }

  test("row 38: a caller whose deadline has passed ends it between two requests", async () => {
    const deadline = new AbortController();
    const { backend, asked } = fakeTransit(({ action }) => {
      if (action === "encrypt") deadline.abort();
      return {};
    });
    expect(await codeOf(seal(backend, deadline.signal))).toBe("ERR_KMS_ABORTED");
    expect(asked).toHaveLength(1);
  });

  test("row 38: also while a standby is waited for", async () => {
    const deadline = new AbortController();
    const { backend, asked } = fakeTransit((_, nth) => {
      if (nth === 4) deadline.abort();
      return nth === 1 ? {} : { error: "ERR_VAULT_REJECTED" };
    });
    expect(await codeOf(seal(backend, deadline.signal))).toBe("ERR_KMS_ABORTED");
    expect(asked).toHaveLength(4);
  });
});
