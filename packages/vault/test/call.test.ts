import {
  createRateLimiter,
  createVaultCall,
  type VaultCallOptions,
  type VaultErrorCode,
  type VaultHttpResponse,
} from "@talos-bridge/vault";
import { expect, test } from "vitest";
import { createTestClock, settle, type TestClock } from "./support/clock.ts";
import { frozen } from "./support/fake-vault.ts";

const vaultErrors = (...errors: string[]): string => JSON.stringify({ errors });

const STATUSES: readonly {
  name: string;
  input: { status: number; body?: string };
  want: { code: VaultErrorCode; retryable: boolean };
}[] = [
  {
    name: "400 for a key that is not there",
    input: { status: 400, body: vaultErrors("encryption key not found") },
    want: { code: "ERR_VAULT_KEY_NOT_FOUND", retryable: false },
  },
  {
    name: "400 for anything else",
    input: { status: 400, body: vaultErrors("cipher: message authentication failed") },
    want: { code: "ERR_VAULT_REJECTED", retryable: false },
  },
  {
    name: "400 that is not Vault's, such as a TLS port's",
    input: { status: 400, body: "Client sent an HTTP request to an HTTPS server.\n" },
    want: { code: "ERR_VAULT_BAD_RESPONSE", retryable: true },
  },
  {
    name: "403",
    input: { status: 403, body: vaultErrors("permission denied") },
    want: { code: "ERR_VAULT_FORBIDDEN", retryable: false },
  },
  {
    name: "403 of a proxy",
    input: { status: 403, body: "<html>forbidden</html>" },
    want: { code: "ERR_VAULT_BAD_RESPONSE", retryable: true },
  },
  {
    name: "404",
    input: { status: 404, body: vaultErrors('no handler for route "transit/encrypt/a"') },
    want: { code: "ERR_VAULT_MOUNT_MISSING", retryable: false },
  },
  {
    name: "405",
    input: { status: 405, body: vaultErrors() },
    want: { code: "ERR_VAULT_UNSUPPORTED", retryable: false },
  },
  { name: "412", input: { status: 412 }, want: { code: "ERR_VAULT_UNAVAILABLE", retryable: true } },
  { name: "429", input: { status: 429 }, want: { code: "ERR_VAULT_RATE_LIMITED", retryable: true } },
  { name: "500", input: { status: 500 }, want: { code: "ERR_VAULT_UNAVAILABLE", retryable: true } },
  { name: "501", input: { status: 501 }, want: { code: "ERR_VAULT_UNAVAILABLE", retryable: false } },
  { name: "502", input: { status: 502 }, want: { code: "ERR_VAULT_UNAVAILABLE", retryable: true } },
  {
    name: "503 sealed",
    input: { status: 503, body: vaultErrors("Vault is sealed") },
    want: { code: "ERR_VAULT_SEALED", retryable: true },
  },
  { name: "503 else", input: { status: 503 }, want: { code: "ERR_VAULT_UNAVAILABLE", retryable: true } },
  { name: "307", input: { status: 307 }, want: { code: "ERR_VAULT_REDIRECTED", retryable: true } },
  {
    name: "half JSON",
    input: { status: 200, body: '{"data": {"ciph' },
    want: { code: "ERR_VAULT_BAD_RESPONSE", retryable: true },
  },
  {
    name: "JSON that is no object",
    input: { status: 200, body: '"ok"' },
    want: { code: "ERR_VAULT_BAD_RESPONSE", retryable: true },
  },
];

for (const { name, input, want } of STATUSES) {
  test(`status: ${name} is ${want.code}`, async () => {
    const { call } = scripted(() => ({ headers: {}, body: "", ...input }), { maxRetries: 0 });
    const error: unknown = await call(ENCRYPT).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ ...want, status: input.status });
  });
}

test("a call is repeated after 100 to 500 ms until it works", async () => {
  const { call, clock, times } = scripted((n) => (n < 6 ? new Error("refused") : OK));
  const answer = call(ENCRYPT);
  await clock.advance(8_000);
  await expect(answer).resolves.toMatchObject({ status: 200 });
  expect(times.map((at, n) => at - (times[n - 1] ?? 0))).toEqual([0, 100, 200, 400, 500, 500, 500]);
});

test("the last error is thrown when the budget has no room for another attempt, never after it", async () => {
  const { call, clock, times } = scripted(() => ({
    status: 503,
    headers: {},
    body: vaultErrors("Vault is sealed"),
  }));
  const ended = call(ENCRYPT).finally(() => {
    expect(clock.now()).toBeLessThanOrEqual(8_000);
  });
  const seen = expect(ended).rejects.toMatchObject({ code: "ERR_VAULT_SEALED" });
  await clock.advance(20_000);
  await seen;
  expect(Math.max(...times)).toBeGreaterThan(7_000);
});

test("a frozen Vault is asked again on a fresh attempt, and given up within the budget", async () => {
  const { call, clock, times } = scripted("frozen");
  const ended = call(ENCRYPT).catch((error: unknown) => ({ error, at: clock.now() }));
  await clock.advance(20_000);
  expect(await ended).toMatchObject({ error: { code: "ERR_VAULT_TIMEOUT" }, at: 7_800 });
  expect(times).toEqual([0, 2_600, 5_300]);
});

test("429 waits as long as Retry-After says", async () => {
  const { call, clock, times } = scripted((n) =>
    n === 0 ? { status: 429, headers: { "retry-after": "3" }, body: "" } : OK,
  );
  const answer = call(ENCRYPT);
  await clock.advance(8_000);
  await answer;
  expect(times).toEqual([0, 3_000]);
});

test("429 with a Retry-After past the budget fails at once", async () => {
  const { call, clock, times } = scripted(() => ({ status: 429, headers: { "retry-after": "9" }, body: "" }));
  await expect(call(ENCRYPT)).rejects.toMatchObject({ code: "ERR_VAULT_RATE_LIMITED", retryAfterMs: 9_000 });
  expect({ times, now: clock.now() }).toEqual({ times: [0], now: 0 });
});

for (const { name, input } of [
  { name: "maxRetries", input: { options: { maxRetries: 2 }, operation: {}, want: 3 } },
  { name: "retry: false", input: { options: {}, operation: { retry: false }, want: 1 } },
]) {
  test(`${name} bounds the attempts`, async () => {
    const { call, clock, times } = scripted(() => new Error("refused"), input.options);
    const ended = call({ ...ENCRYPT, ...input.operation }).catch((error: unknown) => error);
    await clock.advance(8_000);
    expect(await ended).toMatchObject({ code: "ERR_VAULT_UNAVAILABLE" });
    expect(times).toHaveLength(input.want);
  });
}

for (const moment of ["in an attempt", "between attempts"]) {
  test(`the caller's signal ends the call ${moment}`, async () => {
    const { call, clock } = scripted(moment === "in an attempt" ? "frozen" : () => new Error("refused"));
    const controller = new AbortController();
    const ended = call({ ...ENCRYPT, signal: controller.signal }).catch((error: unknown) => error);
    await clock.advance(50);
    controller.abort();
    await settle();
    expect(await ended).toMatchObject({ code: "ERR_VAULT_ABORTED" });
    expect(clock.due()).toEqual([]);
  });
}

test("no error repeats what was sent, even if Vault does", async () => {
  const secret = "c2VjcmV0LWRpc2sta2V5LW9mLWEtbm9kZQ==";
  const token = "hvs.averysecrettoken";
  const body = vaultErrors(`bad plaintext ${secret}`, `bad token ${token}`, "and\nthis");
  const { call } = scripted(() => ({ status: 400, headers: {}, body }), { maxRetries: 0 });
  const error = await call({ ...ENCRYPT, token, body: { plaintext: secret } }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: "ERR_VAULT_REJECTED" });
  const text = JSON.stringify(error) + String(error);
  expect(text).not.toContain(secret);
  expect(text).not.toContain(token);
  expect(text).toContain("and this");
});

test("token, namespace and own headers are sent", async () => {
  const sent: unknown[] = [];
  const call = createVaultCall({
    namespace: "team",
    headers: { "X-Trace": "7" },
    request: async ({ method, path, headers, body }) => {
      sent.push({ method, path, headers, body });
      return OK;
    },
  });
  await call({ method: "POST", path: "transit/encrypt/a", body: { plaintext: "AA==" }, token: "t" });
  await call({ method: "GET", path: "auth/token/lookup-self", namespace: "" });
  expect(sent).toEqual([
    {
      method: "POST",
      path: "/v1/transit/encrypt/a",
      headers: {
        "Content-Type": "application/json",
        "X-Trace": "7",
        "X-Vault-Namespace": "team",
        "X-Vault-Request": "true",
        "X-Vault-Token": "t",
      },
      body: '{"plaintext":"AA=="}',
    },
    {
      method: "GET",
      path: "/v1/auth/token/lookup-self",
      headers: { "X-Trace": "7", "X-Vault-Request": "true" },
      body: undefined,
    },
  ]);
});

test("the rate limit spaces calls out, and refuses where the budget has no room", async () => {
  const clock = createTestClock();
  const { call, times } = scripted(() => OK, {
    timers: clock,
    rateLimiter: createRateLimiter({ rate: 1, burst: 2 }, clock),
  });
  const ended = Promise.allSettled(Array.from({ length: 12 }, () => call(ENCRYPT)));
  await clock.advance(20_000);
  expect(times).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 7, 8].map((seconds) => seconds * 1000));
  expect((await ended).map(({ status }) => status).slice(-2)).toEqual(["rejected", "rejected"]);
});

const ENCRYPT = { method: "POST", path: "transit/encrypt/a", body: {} } as const;
const OK: VaultHttpResponse = { status: 200, headers: {}, body: "{}" };

function scripted(
  answer: "frozen" | ((attempt: number) => VaultHttpResponse | Error),
  options: Partial<VaultCallOptions> & { timers?: TestClock } = {},
) {
  const clock = options.timers ?? createTestClock();
  const times: number[] = [];
  const call = createVaultCall({
    timers: clock,
    random: () => 0,
    ...options,
    async request(request) {
      times.push(clock.now());
      if (answer === "frozen") return await frozen(request);
      const given = answer(times.length - 1);
      if (given instanceof Error) throw given;
      return given;
    },
  });
  return { call, clock, times };
}
