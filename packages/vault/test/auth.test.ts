import {
  appRoleAuth,
  certAuth,
  createVaultCall,
  createVaultSession,
  jwtAuth,
  kubernetesAuth,
  tokenAuth,
  type AppRoleOptions,
  type AuthMethod,
} from "@talos-bridge/vault";
import { expect, test } from "vitest";
import { createTestClock } from "./support/clock.ts";
import { createFakeVault, type FakeVault } from "./support/fake-vault.ts";

const MADE_AT = "auth/approle/role/kms/secret-id";
const readFiles = (files: Readonly<Record<string, string>>) => async (path: string) => {
  const text = files[path];
  if (text === undefined) throw new Error("ENOENT");
  return text;
};

for (const { name, input, want } of [
  {
    name: "kubernetes, from the pod's own file",
    input: kubernetesAuth({
      role: "kms",
      readFile: readFiles({ "/var/run/secrets/kubernetes.io/serviceaccount/token": "a.b.c\n" }),
    }),
    want: ["auth/kubernetes/login", { role: "kms", jwt: "a.b.c" }],
  },
  {
    name: "kubernetes, mount and file given",
    input: kubernetesAuth({
      role: "kms",
      jwtFile: "/j",
      mountPath: "k8s/one",
      readFile: readFiles({ "/j": "d" }),
    }),
    want: ["auth/k8s/one/login", { role: "kms", jwt: "d" }],
  },
  {
    name: "jwt without a role",
    input: jwtAuth({ jwt: { text: " a.b.c " } }),
    want: ["auth/jwt/login", { jwt: "a.b.c" }],
  },
  {
    name: "jwt from a file",
    input: jwtAuth({ role: "r", jwt: { file: "/j", readFile: readFiles({ "/j": "d" }) } }),
    want: ["auth/jwt/login", { role: "r", jwt: "d" }],
  },
  { name: "cert", input: certAuth({}), want: ["auth/cert/login", {}] },
  {
    name: "cert of a role",
    input: certAuth({ role: "kms", mountPath: "tls" }),
    want: ["auth/tls/login", { name: "kms" }],
  },
  {
    name: "approle with a role-id alone",
    input: appRoleAuth({ roleId: { text: "role" } }),
    want: ["auth/approle/login", { role_id: "role" }],
  },
  {
    name: "approle with a secret-id",
    input: appRoleAuth({ roleId: { text: "role" }, secretId: { text: "secret" } }),
    want: ["auth/approle/login", { role_id: "role", secret_id: "secret" }],
  },
  {
    name: "approle with files",
    input: appRoleAuth({
      roleId: { file: "/r", readFile: readFiles({ "/r": "role\n" }) },
      secretId: { file: "/s", readFile: readFiles({ "/s": "secret\n" }) },
      mountPath: "apps",
    }),
    want: ["auth/apps/login", { role_id: "role", secret_id: "secret" }],
  },
]) {
  test(`login: ${name}`, async () => {
    const { vault, login } = fake();
    await login(input);
    expect(vault.seen.map(({ path, body }) => [path, body])).toEqual([want]);
  });
}

test("files are read anew at every login", async () => {
  const files = { "/j": "first" };
  const { vault, login } = fake();
  const auth = kubernetesAuth({ role: "kms", jwtFile: "/j", readFile: async () => files["/j"] });
  await login(auth);
  files["/j"] = "second";
  await login(auth);
  expect(vault.seen.map(({ body }) => body["jwt"])).toEqual(["first", "second"]);
});

test("cert: TLS material is taken up before each login", async () => {
  const { vault, login } = fake();
  const order: string[] = [];
  vault.script = () => void order.push("login");
  await login(certAuth({ reloadTls: async () => void order.push("reload") }));
  expect(order).toEqual(["reload", "login"]);
});

for (const { name, input } of [
  { name: "an empty token", input: tokenAuth({ token: " \n" }) },
  { name: "a token of two lines", input: tokenAuth({ token: "hvs.one\nhvs.two" }) },
  {
    name: "a file that is not there",
    input: jwtAuth({ jwt: { file: "/secret-file", readFile: readFiles({}) } }),
  },
  { name: "an empty secret-id", input: appRoleAuth({ roleId: { text: "r" }, secretId: { text: "" } }) },
]) {
  test(`${name} reaches no Vault and no message`, async () => {
    const { vault, login } = fake();
    const error: unknown = await login(input).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "ERR_VAULT_CREDENTIALS",
      message: expect.not.stringContaining("hvs."),
    });
    expect(vault.seen).toEqual([]);
  });
}

test("a file that cannot be read is named, since its setting may be mistyped", async () => {
  const { login } = fake();
  const input = jwtAuth({ jwt: { file: "/var/run/no-such-file", readFile: readFiles({}) } });
  await expect(login(input)).rejects.toThrow("the file of the JWT, /var/run/no-such-file, cannot be read");
});

test("a wrapped secret-id is unwrapped once, then kept for further logins", async () => {
  const { vault, login, auth } = wrapped({ wrapping: { path: MADE_AT, good: true } });
  await login(auth);
  await login(auth);
  expect(vault.paths()).toEqual([
    "sys/wrapping/lookup",
    "sys/wrapping/unwrap",
    "auth/approle/login",
    "auth/approle/login",
  ]);
  expect(vault.seen.at(-1)?.body).toEqual({ role_id: "role", secret_id: "the-secret-id" });
});

for (const { name, input } of [
  { name: "used already", input: { wrapping: { path: MADE_AT, good: false } } },
  { name: "made elsewhere", input: { wrapping: { path: "cubbyhole/thief", good: true } } },
  { name: "of another mount", input: { wrapping: { path: "auth/thief/role/kms/secret-id", good: true } } },
  {
    name: "of another role than the one given",
    input: {
      wrapping: { path: "auth/approle/role/thief/secret-id", good: true },
      creationPath: `/${MADE_AT}`,
    },
  },
]) {
  test(`a wrapping token ${name} is an alarm, told once to Vault, and never used up`, async () => {
    const { vault, login, auth } = wrapped(input);
    for (let n = 0; n < 3; n++) {
      await expect(login(auth)).rejects.toMatchObject({ code: "ERR_VAULT_WRAPPING" });
    }
    expect(vault.paths()).toEqual(["sys/wrapping/lookup"]);
  });
}

test("after an alarm a fresh wrapping token is taken up", async () => {
  const { vault, login, auth, file } = wrapped({ wrapping: { path: MADE_AT, good: false } });
  await login(auth).catch(() => undefined);
  vault.wrapped.set("fresh", { path: MADE_AT, good: true });
  file.text = "fresh";
  await login(auth);
  expect(vault.paths().at(-1)).toBe("auth/approle/login");
});

test("a Vault that is down is no alarm, and the wrapping token stays good", async () => {
  const { vault, login, auth } = wrapped({ wrapping: { path: MADE_AT, good: true } });
  vault.script = () => ({ status: 501 });
  await expect(login(auth)).rejects.toMatchObject({ code: "ERR_VAULT_UNAVAILABLE" });
  vault.script = () => undefined;
  await login(auth);
  expect(vault.paths().at(-1)).toBe("auth/approle/login");
});

test("the session tells the alarm, and a call is unauthenticated", async () => {
  const { vault, clock, auth } = wrapped({ wrapping: { path: MADE_AT, good: false } });
  const alarms: string[] = [];
  const session = createVaultSession({
    call: createVaultCall({ request: vault.request, timers: clock }),
    auth,
    timers: clock,
    events: { wrappingAlarm: ({ error }) => void alarms.push(error.code) },
  });
  const ended = session.call({ method: "POST", path: "transit/encrypt/a", body: {} });
  await expect(ended).rejects.toMatchObject({ code: "ERR_VAULT_UNAUTHENTICATED" });
  expect(alarms).toEqual(["ERR_VAULT_WRAPPING"]);
});

function fake() {
  const clock = createTestClock();
  const vault = createFakeVault(clock);
  const call = createVaultCall({ request: vault.request, timers: clock, maxRetries: 0 });
  return { clock, vault, login: (auth: AuthMethod) => auth.login(call) };
}

function wrapped({
  wrapping,
  creationPath,
}: {
  readonly wrapping: { readonly path: string; good: boolean };
  readonly creationPath?: AppRoleOptions["creationPath"];
}): ReturnType<typeof fake> & { readonly auth: AuthMethod; readonly file: { text: string } } {
  const ready = fake();
  const vault: FakeVault = ready.vault;
  vault.wrapped.set("wrapping-token", wrapping);
  const file = { text: "wrapping-token\n" };
  const auth = appRoleAuth({
    roleId: { text: "role" },
    secretId: { file: "/s", readFile: async () => file.text },
    wrapped: true,
    creationPath,
  });
  return { ...ready, auth, file };
}
