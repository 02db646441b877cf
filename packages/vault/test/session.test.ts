import {
  agentAuth,
  createVaultCall,
  createVaultSession,
  jwtAuth,
  tokenAuth,
  tokenFileAuth,
  type AuthMethod,
  type VaultEvents,
  type VaultSessionOptions,
} from "@talos-bridge/vault";
import { expect, test } from "vitest";
import { createTestClock, settle } from "./support/clock.ts";
import { createFakeVault, type FakeVault } from "./support/fake-vault.ts";

const HOUR = 3_600_000;
const ENCRYPT = { method: "POST", path: "transit/encrypt/a", body: {} } as const;
const LOGIN = "auth/jwt/login";
const RENEW = "auth/token/renew-self";
const LOOKUP = "auth/token/lookup-self";
const REVOKE = "auth/token/revoke-self";

test("calls made while the first login is under way share it", async () => {
  const { session, vault } = ready();
  session.start();
  await Promise.all([session.call(ENCRYPT), session.call(ENCRYPT), session.call(ENCRYPT)]);
  expect(count(vault, LOGIN)).toBe(1);
  expect(session.state()).toMatchObject({ method: "jwt", authenticated: true, logins: 1, renewable: true });
});

test("a token is renewed after two thirds of its time and a third of the grace", async () => {
  const { session, vault, clock } = ready({ random: () => 0.5 });
  session.start();
  await clock.advance(2 * HOUR);
  // grace 15 %: 2/3 h + 5 % h = 43 min
  expect(times(vault, RENEW)).toEqual([43, 86].map((minutes) => minutes * 60_000));
  expect(count(vault, LOGIN)).toBe(1);
  expect(session.state()).toMatchObject({ authenticated: true, renewals: 2 });
});

test("a login comes before the max TTL is over, not after", async () => {
  const { session, vault, clock } = ready();
  vault.tokens = { ttlMs: HOUR, maxTtlMs: 2 * HOUR };
  session.start();
  for (let minute = 0; minute < 600; minute++) {
    await clock.advance(60_000);
    await session.call(ENCRYPT);
  }
  expect(count(vault, LOOKUP)).toBe(0); // no call ever met a 403
  expect(count(vault, LOGIN)).toBeGreaterThanOrEqual(5);
  expect(count(vault, LOGIN)).toBeLessThanOrEqual(8);
});

for (const { name, input } of [
  { name: "a token that is not renewable", input: { tokens: { renewable: false }, autoRenew: true } },
  { name: "autoRenew: false", input: { tokens: {}, autoRenew: false } },
]) {
  test(`${name}: logins before the end, no renewals`, async () => {
    const { session, vault, clock } = ready({ autoRenew: input.autoRenew });
    vault.tokens = input.tokens;
    session.start();
    await clock.advance(2 * HOUR);
    expect(times(vault, LOGIN)).toHaveLength(3);
    expect(count(vault, RENEW)).toBe(0);
    expect(times(vault, LOGIN)[1]).toBeLessThan(0.8 * HOUR);
  });
}

test("a renewal that Vault cannot do now is tried again after 10 s, 20 s …, then replaced by a login", async () => {
  const { session, vault, clock } = ready();
  vault.tokens = { ttlMs: 600_000 };
  session.start();
  await clock.advance(1);
  vault.script = ({ path }) => (path === RENEW ? { status: 501 } : undefined);
  await clock.advance(590_000);
  expect(times(vault, LOGIN)).toHaveLength(2); // 501 is not worth another try: a login at once
  vault.script = ({ path }) => (path === RENEW ? new Error("refused") : undefined);
  const from = vault.seen.length;
  await clock.advance(600_000);
  const after = vault.seen.slice(from).filter(({ path }) => path === LOGIN);
  expect(after).toHaveLength(1);
  expect(session.state()).toMatchObject({ authenticated: true });
});

test("a renewal that Vault denies is followed by a login, not by another renewal", async () => {
  const { session, vault, clock } = ready();
  vault.script = ({ path }) =>
    path === RENEW ? { status: 403, json: { errors: ["permission denied"] } } : undefined;
  session.start();
  await clock.advance(0.8 * HOUR);
  expect([count(vault, RENEW), count(vault, LOGIN)]).toEqual([1, 2]);
});

test("failed logins are 1 s, 2 s, 4 s … 5 min apart, and the first that works is enough", async () => {
  const { session, vault, clock, events } = ready({ random: () => 1 });
  vault.script = ({ path }) => (path === LOGIN ? { status: 501 } : undefined);
  session.start();
  await clock.advance(HOUR);
  const at = times(vault, LOGIN);
  const gaps = at.map((time, n) => (time - (at[n - 1] ?? 0)) / 1000);
  expect(gaps.slice(0, 12)).toEqual([0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
  expect(session.state()).toMatchObject({ authenticated: false, lastError: "ERR_VAULT_UNAVAILABLE" });
  vault.script = () => undefined;
  await clock.advance(300_000);
  expect(session.state()).toMatchObject({ authenticated: true, lastError: undefined });
  expect(events.at(-1)).toBe("loggedIn");
});

test("without a token a call brings about at most one login in 10 s", async () => {
  const { session, vault, clock } = ready({ random: () => 1 });
  vault.script = ({ path }) => (path === LOGIN ? { status: 501 } : undefined);
  session.start();
  await clock.advance(600_000); // the back-off is at 5 min
  const before = count(vault, LOGIN);
  for (let n = 0; n < 100; n++) {
    await expect(session.call(ENCRYPT)).rejects.toMatchObject({
      code: "ERR_VAULT_UNAUTHENTICATED",
      cause: { code: "ERR_VAULT_UNAVAILABLE" },
    });
    await clock.advance(200);
  }
  expect(count(vault, LOGIN) - before).toBe(2);
  expect(count(vault, ENCRYPT.path)).toBe(0);
});

test("10,000 refused calls bring about no login", async () => {
  const { session, vault } = ready();
  vault.tokens = { transit: false };
  session.start();
  for (let n = 0; n < 100; n++) {
    const results = await Promise.all(
      Array.from({ length: 100 }, () => session.call(ENCRYPT).catch((error: unknown) => error)),
    );
    for (const error of results) expect(error).toMatchObject({ code: "ERR_VAULT_FORBIDDEN", status: 403 });
  }
  expect(count(vault, LOGIN)).toBe(1);
  expect(count(vault, LOOKUP)).toBeLessThanOrEqual(200);
});

test("a revoked token is replaced by one login that all calls share, and they work", async () => {
  const { session, vault, clock, events } = ready();
  session.start();
  await session.call(ENCRYPT);
  await clock.advance(60_000);
  revokeAll(vault);
  await Promise.all(Array.from({ length: 50 }, () => session.call(ENCRYPT)));
  expect(count(vault, LOGIN)).toBe(2);
  expect(events.filter((name) => name === "tokenRejected")).toHaveLength(1);
});

test("a token revoked right after its login is Vault's refusal to know us, not the caller's fault", async () => {
  const { session, vault, clock } = ready();
  session.start();
  await session.call(ENCRYPT);
  revokeAll(vault);
  await expect(session.call(ENCRYPT)).rejects.toMatchObject({ code: "ERR_VAULT_UNAUTHENTICATED" });
  expect(session.state().authenticated).toBe(false);
  // Nobody calls, since the service is not ready; the session comes back by itself.
  await clock.advance(10_000);
  expect(session.state().authenticated).toBe(true);
});

test("where Vault cannot tell whose fault a 403 is, the call is unavailable, not forbidden", async () => {
  const { session, vault, clock } = ready();
  vault.tokens = { transit: false };
  vault.script = ({ path }) => (path === LOOKUP ? new Error("refused") : undefined);
  session.start();
  const ended = session.call(ENCRYPT).catch((error: unknown) => error);
  await clock.advance(8_000);
  expect(await ended).toMatchObject({ code: expect.stringMatching(/UNAVAILABLE|TIMEOUT/) });
});

test("policies without lookup-self: noticed once, then refusals stay refusals", async () => {
  const { session, vault, clock, events } = ready();
  vault.tokens = { transit: false, lookup: false };
  session.start();
  await session.call(ENCRYPT).catch(() => undefined);
  await clock.advance(11_000);
  await expect(session.call(ENCRYPT)).rejects.toMatchObject({ code: "ERR_VAULT_FORBIDDEN" });
  const logins = count(vault, LOGIN);
  for (let n = 0; n < 1_000; n++) {
    await expect(session.call(ENCRYPT)).rejects.toMatchObject({ code: "ERR_VAULT_FORBIDDEN" });
  }
  expect(count(vault, LOGIN)).toBe(logins);
  expect(events.filter((name) => name === "lookupDenied")).toHaveLength(1);
});

test("a token that a login gave for limited uses is refused with the setting's name", async () => {
  const { session, vault } = ready();
  vault.tokens = { uses: 5 };
  await expect(session.call(ENCRYPT)).rejects.toMatchObject({
    cause: { code: "ERR_VAULT_CREDENTIALS", message: expect.stringContaining("token_num_uses") },
  });
});

test("stop revokes own tokens, superseded ones too, and ends all timers", async () => {
  const { session, vault, clock } = ready({ autoRenew: false });
  session.start();
  await clock.advance(0.8 * HOUR);
  await session.stop();
  const tokens = vault.seen.filter(({ path }) => path === REVOKE).map(({ token }) => token);
  expect(tokens).toEqual(["hvs.token-number-1", "hvs.token-number-2"]);
  expect(clock.due()).toEqual([]);
  await expect(session.call(ENCRYPT)).rejects.toMatchObject({ code: "ERR_VAULT_STOPPED" });
  expect(session.state().authenticated).toBe(false);
});

test("stop revokes a token whose login is still under way", async () => {
  const { session, vault, clock } = ready();
  let answer = (): void => undefined;
  const held = new Promise<undefined>((resolve) => (answer = () => resolve(undefined)));
  vault.script = ({ path }) => (path === LOGIN ? held : undefined);
  session.start();
  await settle();
  const stopping = session.stop();
  answer();
  await stopping;
  expect(count(vault, REVOKE)).toBe(1);
  expect(clock.due()).toEqual([]);
});

test("stop ends in its time where Vault is gone", async () => {
  const { session, vault, clock, events } = ready();
  session.start();
  await session.call(ENCRYPT);
  vault.script = () => new Error("refused");
  let stopped = false;
  void session.stop({ timeoutMs: 1_000 }).then(() => (stopped = true));
  await clock.advance(1_000);
  expect(stopped).toBe(true);
  expect(events).toContain("revokeFailed");
});

test("a given token: looked up, renewed, never revoked", async () => {
  const { session, vault, clock } = given();
  session.start();
  await clock.advance(HOUR);
  expect(count(vault, RENEW)).toBeGreaterThan(0);
  await session.call(ENCRYPT);
  await session.stop();
  expect(count(vault, REVOKE)).toBe(0);
  expect(vault.paths().filter((path) => path.endsWith("/login"))).toEqual([]);
});

for (const { name, options, session: sessionOptions } of [
  { name: "at its max TTL", options: { maxTtlMs: 1.5 * HOUR }, session: {} },
  { name: "not renewable", options: { renewable: false }, session: {} },
  { name: "with autoRenew: false", options: {}, session: { autoRenew: false } },
]) {
  test(`a given token ${name} is used until its end, with a warning, then is no more`, async () => {
    const { session, vault, clock, events } = given(options, sessionOptions);
    session.start();
    await clock.advance(0.9 * HOUR);
    await session.call(ENCRYPT);
    if (name !== "at its max TTL") expect(events).toContain("tokenEnding");
    await clock.advance(HOUR);
    expect(events).toContain("tokenEnding");
    expect(session.state().authenticated).toBe(false);
    await expect(session.call(ENCRYPT)).rejects.toMatchObject({ code: "ERR_VAULT_UNAUTHENTICATED" });
    expect(count(vault, LOOKUP)).toBeLessThan(30); // 1 s, 2 s … 5 min apart
  });
}

test("a given token without an end has no timers", async () => {
  const { session, clock } = given({ ttlMs: 0 });
  session.start();
  await settle();
  expect(session.state()).toMatchObject({ authenticated: true, tokenEndsInMs: Infinity });
  expect(clock.due()).toEqual([]);
});

test("a given token that may not look itself up is used all the same", async () => {
  const { session } = given({ lookup: false });
  session.start();
  await settle();
  expect(session.state().authenticated).toBe(false);
  await session.call(ENCRYPT);
  expect(session.state().authenticated).toBe(true);
});

test("a given token that is revoked: unauthenticated, and no login", async () => {
  const { session, vault } = given();
  session.start();
  await session.call(ENCRYPT);
  revokeAll(vault);
  await expect(session.call(ENCRYPT)).rejects.toMatchObject({ code: "ERR_VAULT_UNAUTHENTICATED" });
  expect(session.state().authenticated).toBe(false);
});

test("a token file's change is taken up within 30 s, and at once after a 403", async () => {
  const { session, vault, clock, file } = givenFile();
  session.start();
  await session.call(ENCRYPT);
  file.text = `${vault.makeToken()}\n`;
  await clock.advance(30_000);
  await session.call(ENCRYPT);
  expect(vault.seen.at(-1)?.token).toBe(file.text.trim());
  const next = vault.makeToken();
  file.text = next;
  await clock.advance(15_000);
  revokeAll(vault, next);
  await session.call(ENCRYPT);
  expect(vault.seen.at(-1)?.token).toBe(next);
  await session.stop();
  expect(count(vault, REVOKE)).toBe(0);
  expect(clock.due()).toEqual([]);
});

test("a token file that turns empty changes nothing", async () => {
  const { session, clock, file } = givenFile();
  session.start();
  await session.call(ENCRYPT);
  file.text = "";
  await clock.advance(120_000);
  await session.call(ENCRYPT);
  expect(session.state().authenticated).toBe(true);
});

test("behind an agent no token is sent and a 403 is a 403", async () => {
  const { session, vault } = ready({}, agentAuth());
  session.start();
  await expect(session.call(ENCRYPT)).rejects.toMatchObject({ code: "ERR_VAULT_FORBIDDEN" });
  expect(session.state()).toMatchObject({ method: "agent", authenticated: true });
  expect(vault.seen.map(({ path, token }) => [path, token])).toEqual([[ENCRYPT.path, undefined]]);
});

test("the auth mount's namespace is its own", async () => {
  const { session, vault } = ready({ authNamespace: "auth" });
  await session.call(ENCRYPT);
  await session.stop();
  expect(vault.seen.map(({ path, namespace }) => [path, namespace])).toEqual([
    [LOGIN, "auth"],
    [ENCRYPT.path, "data"],
    [REVOKE, "auth"],
  ]);
});

test("a call waits for a login no longer than its own time", async () => {
  const { session, vault, clock } = ready();
  vault.script = ({ path }) => (path === LOGIN ? new Promise(() => undefined) : undefined);
  session.start();
  const ended = session.call({ ...ENCRYPT, budgetMs: 3_000 }).catch((error: unknown) => error);
  await clock.advance(3_000);
  expect(await ended).toMatchObject({ code: "ERR_VAULT_TIMEOUT" });
});

function ready(
  options: Partial<VaultSessionOptions> = {},
  auth: AuthMethod = jwtAuth({ jwt: { text: "a.b.c" } }),
) {
  const clock = createTestClock();
  const vault = createFakeVault(clock);
  return { vault, clock, ...sessionOn(vault, clock, auth, options) };
}

function given(
  token: Parameters<FakeVault["makeToken"]>[0] = {},
  options: Partial<VaultSessionOptions> = {},
) {
  const clock = createTestClock();
  const vault = createFakeVault(clock);
  const auth = tokenAuth({ token: vault.makeToken(token) });
  return { vault, clock, ...sessionOn(vault, clock, auth, options) };
}

function givenFile() {
  const clock = createTestClock();
  const vault = createFakeVault(clock);
  const file = { text: vault.makeToken() };
  const auth = tokenFileAuth({ file: "/token", readFile: async () => file.text });
  return { vault, clock, file, ...sessionOn(vault, clock, auth, {}) };
}

function sessionOn(
  vault: FakeVault,
  timers: ReturnType<typeof createTestClock>,
  auth: AuthMethod,
  options: Partial<VaultSessionOptions>,
) {
  const events: (keyof VaultEvents)[] = [];
  const note = (name: keyof VaultEvents) => (): void => void events.push(name);
  const call = createVaultCall({ request: vault.request, namespace: "data", timers, random: () => 0 });
  const session = createVaultSession({
    call,
    auth,
    timers,
    random: () => 0,
    events: {
      loggedIn: note("loggedIn"),
      loginFailed: note("loginFailed"),
      tokenEnding: note("tokenEnding"),
      tokenRejected: note("tokenRejected"),
      lookupDenied: note("lookupDenied"),
      revokeFailed: note("revokeFailed"),
    },
    ...options,
  });
  return { session, events };
}

function count({ seen }: FakeVault, path: string): number {
  return seen.filter((request) => request.path === path).length;
}

function times({ seen }: FakeVault, path: string): readonly number[] {
  return seen.filter((request) => request.path === path).map(({ at }) => at);
}

function revokeAll(vault: FakeVault, but?: string): void {
  for (let n = 1; n < 100; n++) if (`hvs.token-number-${n}` !== but) vault.revoke(`hvs.token-number-${n}`);
}
