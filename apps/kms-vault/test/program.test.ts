// The whole program in front of an OpenBao in this process.
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { Health, HealthCheckResponse_ServingStatus as Status, KMSService } from "@talos-bridge/api";
import { openKeyring } from "@talos-bridge/keyring";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  OPENBAO_ANSWERS,
  startFakeOpenBao,
  type FakeOpenBao,
  type RefusalName,
} from "./support/fake-openbao.ts";
import { startKubernetesApi, type KubernetesApi } from "./support/kubernetes-api.ts";
import {
  keyringEnvironment,
  NODE,
  OTHER_NODE,
  scratchDir,
  startKms,
  type RunningKms,
} from "./support/kms.ts";
import { makeServing } from "./support/serving.ts";
import { refusalOf } from "./support/service.ts";

const DISK_KEY = Buffer.from("the disk key, 32 bytes of it ...");

/** Tries until it holds; long, since it ends as soon as it does. */
const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 15_000, interval: 20 });

async function startBao(): Promise<FakeOpenBao> {
  const bao = await startFakeOpenBao();
  onTestFinished(() => bao.close());
  return bao;
}

const withToken = (bao: FakeOpenBao) => (): Record<string, string> => ({
  VAULT_ADDR: bao.address,
  VAULT_TOKEN: bao.token,
});
const withAppRole = (bao: FakeOpenBao) => (): Record<string, string> => ({
  VAULT_ADDR: bao.address,
  VAULT_ROLE_ID: "role-id-of-the-test",
  VAULT_SECRET_ID: "secret-id-of-the-test",
});

async function sealed({ kms }: RunningKms): Promise<Uint8Array> {
  return (await kms.seal({ nodeUuid: NODE, data: DISK_KEY })).data;
}

describe("row 38: what a server's refusal is for a node, and that the node unseals afterwards", () => {
  // What is asked again would take its eight seconds here: that is for the real server.
  for (const { name, want } of [
    { name: "keyNotFound", want: ["PermissionDenied", "the data can't be unsealed for this node"] },
    { name: "otherKey", want: ["PermissionDenied", "the data can't be unsealed for this node"] },
    { name: "tooShort", want: ["PermissionDenied", "the data can't be unsealed for this node"] },
    { name: "versionTooNew", want: ["PermissionDenied", "the data can't be unsealed for this node"] },
    { name: "forbidden", want: ["PermissionDenied", "the KMS is not allowed to do this for the node"] },
    { name: "noMount", want: ["Unavailable", "the KMS can't be reached now: try again"] },
  ] satisfies readonly { readonly name: RefusalName; readonly want: readonly string[] }[]) {
    test(`row 38: ${name}`, async () => {
      const bao = await startBao();
      const running = await startKms({ env: withToken(bao) });
      const data = await sealed(running);
      bao.script = (request) => (request.includes("transit/decrypt") ? OPENBAO_ANSWERS[name] : undefined);
      const { code, text } = await refusalOf(running.kms.unseal({ nodeUuid: NODE, data }));
      expect([code, text]).toEqual(want);
      bao.script = () => undefined;
      const opened = await running.kms.unseal({ nodeUuid: NODE, data });
      expect(Buffer.from(opened.data)).toEqual(DISK_KEY);
    });
  }

  for (const { name, script } of [
    { name: "sealed", script: OPENBAO_ANSWERS.sealed },
    { name: "rate limited", script: OPENBAO_ANSWERS.rateLimited },
    { name: "half its JSON", script: '{"data":{"plaintext":"QUJD' },
    { name: "an empty answer", script: "" },
    { name: "another's page", script: { status: 400, body: "<html>bad request</html>" } },
  ]) {
    test(`row 38: ${name}, once: it is asked again, and the node unseals`, async () => {
      const bao = await startBao();
      const running = await startKms({ env: withToken(bao) });
      const data = await sealed(running);
      let times = 0;
      bao.script = (request) => (request.includes("transit/decrypt") && times++ < 1 ? script : undefined);
      const opened = await running.kms.unseal({ nodeUuid: NODE, data });
      expect(Buffer.from(opened.data)).toEqual(DISK_KEY);
      expect(times).toBe(2);
    });
  }

  test("row 38: whole JSON whose plaintext is none", async () => {
    const bao = await startBao();
    const running = await startKms({ env: withToken(bao) });
    const data = await sealed(running);
    for (const plaintext of ["***", "QUJD\n", 7, null, undefined]) {
      bao.script = (request) =>
        request.includes("transit/decrypt") ? { status: 200, body: { data: { plaintext } } } : undefined;
      expect((await refusalOf(running.kms.unseal({ nodeUuid: NODE, data }))).code).toBe("Unavailable");
    }
  });

  test("row 38: a caller's deadline that is shorter than the budget ends the call, and what it asks of the server", async () => {
    const bao = await startBao();
    const running = await startKms({ env: withToken(bao) });
    const data = await sealed(running);
    const asked = Promise.withResolvers<void>();
    const held = Promise.withResolvers<undefined>();
    bao.script = (request) => {
      if (!request.includes("transit/decrypt")) return undefined;
      asked.resolve();
      return held.promise;
    };
    const call = refusalOf(running.kms.unseal({ nodeUuid: NODE, data }, { timeoutMs: 300 }));
    await asked.promise;
    expect((await call).code).toBe("DeadlineExceeded");
    await eventually(() =>
      expect(running.lines()).toContainEqual(expect.objectContaining({ reason: "aborted" })),
    );
    held.resolve(undefined);
  });
});

test("row 37: a blob of another node, of a node that is not known, cut or changed: one code and one text, and never bytes", async () => {
  const bao = await startBao();
  const running = await startKms({ env: withToken(bao) });
  const data = await sealed(running);
  await running.kms.seal({ nodeUuid: OTHER_NODE, data: DISK_KEY });
  const changed = Uint8Array.from(data);
  changed[40] = changed[40] === 65 ? 66 : 65;
  for (const request of [
    { nodeUuid: OTHER_NODE, data },
    { nodeUuid: "8b0f2f0e-7c1d-4a5b-8e9f-0a1b2c3d4e5f", data },
    { nodeUuid: NODE, data: changed },
    { nodeUuid: NODE, data: data.subarray(0, 41) },
    { nodeUuid: NODE, data: data.subarray(0, 40) },
    { nodeUuid: NODE, data: Buffer.concat([data, Buffer.from("AAAA")]) },
    { nodeUuid: NODE, data: Buffer.from(Buffer.from(data).toString().replace(":v1:", ":v2:")) },
  ]) {
    expect(await refusalOf(running.kms.unseal(request))).toEqual({
      code: "PermissionDenied",
      text: "the data can't be unsealed for this node",
    });
  }
});

test("row 33: hostile UUIDs reach no URL", async () => {
  const bao = await startBao();
  const running = await startKms({ env: () => ({ ...withToken(bao)(), KMS_DISABLE_VALIDATION: "true" }) });
  await sealed(running); // after which the session has nothing more to ask
  const before = bao.requests.length;
  for (const nodeUuid of [
    "../../sys/seal",
    "%2e%2e",
    `${NODE}/../x`,
    `${NODE}\n`,
    NODE.replaceAll("-", ""),
    "",
  ]) {
    expect((await refusalOf(running.kms.unseal({ nodeUuid, data: Buffer.alloc(80) }))).code).toBe(
      "InvalidArgument",
    );
  }
  expect(bao.requests.slice(before)).toEqual([]);
});

test("row 35: with precreate only nodes that have a key are served, and no Seal makes one", async () => {
  const bao = await startBao();
  const open = await startKms({ env: withToken(bao) });
  await sealed(open);
  const { kms } = await startKms({ env: withToken(bao), argv: () => ["--kms-key-policy=precreate"] });
  await kms.seal({ nodeUuid: NODE, data: DISK_KEY });
  for (let times = 0; times < 2; times++) {
    expect(await refusalOf(kms.seal({ nodeUuid: OTHER_NODE, data: DISK_KEY }))).toEqual({
      code: "PermissionDenied",
      text: "the node is not known here",
    });
  }
  expect(bao.requests).not.toContain(`POST transit/encrypt/${OTHER_NODE}`);
});

test("row 39: sources that are not let in are refused before their message, and audited", async () => {
  const { kms, health, lines } = await startKms({ argv: () => ["--kms-allowed-sources=192.0.2.0/24"] });
  expect(await refusalOf(kms.seal({ nodeUuid: NODE, data: DISK_KEY }))).toEqual({
    code: "PermissionDenied",
    text: "calls from this address are not allowed",
  });
  expect(lines()).toContainEqual(
    expect.objectContaining({ msg: "refused", reason: "source", operation: "seal", peer: "127.0.0.1" }),
  );
  expect((await health.check({})).status).toBe(Status.SERVING);
});

test("row 39: calls of one address past its limit", async () => {
  const { kms, lines } = await startKms({
    env: (dir) => ({ ...keyringEnvironment(dir), KMS_CALLS_PER_MINUTE_PER_ADDRESS: "2" }),
  });
  for (let call = 0; call < 2; call++) await kms.seal({ nodeUuid: NODE, data: DISK_KEY });
  expect(await refusalOf(kms.seal({ nodeUuid: NODE, data: DISK_KEY }))).toEqual({
    code: "ResourceExhausted",
    text: "too many calls from this address",
  });
  expect(lines()).toContainEqual(
    expect.objectContaining({ reason: "address-rate", code: "ResourceExhausted" }),
  );
});

test("row 29: an address that fills the table with one call a connection keeps no node out", async () => {
  const { port } = await startKms({ env: (dir) => ({ ...keyringEnvironment(dir), MAX_CONNECTIONS: "4" }) });
  const baseUrl = `http://127.0.0.1:${port}`;
  const sealFrom = async (localAddress: string): Promise<number> => {
    const sessionManager = new Http2SessionManager(baseUrl, undefined, {
      createConnection: () => connect({ host: "127.0.0.1", port, localAddress }),
    });
    onTestFinished(() => sessionManager.abort());
    const client = createClient(KMSService, createGrpcTransport({ baseUrl, sessionManager }));
    return (await client.seal({ nodeUuid: NODE, data: DISK_KEY })).data.length;
  };
  for (let i = 0; i < 4; i++) await sealFrom("127.0.0.2");
  await expect(sealFrom("127.0.0.2")).rejects.toThrow();
  expect(await sealFrom("127.0.0.3")).toBeGreaterThan(32);
});

test("row 38: nothing secret is in any log line, metric or error, whatever the server says", async () => {
  const bao = await startBao();
  const running = await startKms({
    env: withAppRole(bao),
    argv: () => ["--log-level=debug", "--kms-canary-key=canary"],
  });
  const data = await sealed(running);
  const texts: string[] = [];
  const echo = `${Buffer.from(data).toString()} ${DISK_KEY.toString("base64")} hvs.made-by-login-number-1`;
  for (const script of [
    OPENBAO_ANSWERS.forbidden,
    OPENBAO_ANSWERS.otherKey,
    // A server that repeats what it was sent.
    { status: 400, body: { errors: [echo] } },
    { status: 403, body: { errors: [echo] } },
    { status: 404, body: { errors: [echo], data: { plaintext: DISK_KEY.toString("base64") } } },
    `{"data":{"plaintext":"${DISK_KEY.subarray(0, 30).toString("base64")}"},"warnings":["${echo}"]}`,
  ]) {
    bao.script = (request) => (request.includes("transit/") ? script : undefined);
    for (const call of [
      running.kms.unseal({ nodeUuid: NODE, data }),
      running.kms.seal({ nodeUuid: NODE, data: DISK_KEY }),
    ]) {
      const { text } = await refusalOf(call);
      texts.push(text);
    }
  }
  bao.script = () => undefined;
  await running.kms.unseal({ nodeUuid: NODE, data });
  texts.push((await running.get("/metrics")).body, (await running.get("/readyz?verbose")).body);
  await running.stop();
  const told = `${running.output()}\n${texts.join("\n")}`;
  expect(told).toContain('"msg":"unsealed"');
  for (const secret of [
    DISK_KEY.toString(),
    DISK_KEY.toString("base64").slice(0, 20),
    DISK_KEY.toString("hex"),
    Buffer.from(data).toString().slice(9, 40),
    "secret-id-of-the-test",
    "hvs.made-by-login",
  ]) {
    expect(told).not.toContain(secret);
  }
});

test("health: ready with a session and a server, the paths of old and new, and the Go proxy's /info", async () => {
  const bao = await startBao();
  const { get, health } = await startKms({ env: withAppRole(bao) });
  await eventually(async () => expect((await get("/readyz")).status).toBe(200));
  for (const path of ["/livez", "/healthz", "/readyz", "/ready"]) {
    expect(await get(path)).toEqual({ status: 200, body: "ok" });
  }
  expect((await get("/readyz?verbose")).body).toBe(
    "[+]accepting ok\n[+]vault-session ok\n[+]vault ok\ncheck passed\n",
  );
  expect(JSON.parse((await get("/info")).body)).toEqual({ mode: "single-instance", ready: true });
  expect((await get("/leader")).status).toBe(404);
  expect((await health.check({ service: KMSService.typeName })).status).toBe(Status.SERVING);
  expect((await get("/metrics")).body).toMatch(/\ntalos_kms_vault_up 1\n/);
});

test("a server that is away at the start is waited for: alive, not ready, and served when it comes", async () => {
  const bao = await startBao();
  const answer = { status: 503, body: { errors: ["Vault is sealed"] } };
  bao.script = () => answer;
  const { get, kms, health } = await startKms({
    env: () => ({ ...withAppRole(bao)(), VAULT_MAX_RETRIES: "0" }),
  });
  expect((await get("/livez")).status).toBe(200);
  const ready = await get("/readyz");
  expect(ready.status).toBe(503);
  expect(ready.body).toContain("[-]vault failed: vault is sealed");
  expect((await health.check({})).status).toBe(Status.NOT_SERVING);
  expect((await refusalOf(kms.seal({ nodeUuid: NODE, data: DISK_KEY }))).code).toBe("Unavailable");
  bao.script = () => undefined;
  await eventually(() => kms.seal({ nodeUuid: NODE, data: DISK_KEY }));
});

test("row 32: TLS is reloaded for handshakes to come; a pair that does not fit changes nothing", async () => {
  const [first, second] = await Promise.all([makeServing(), makeServing()]);
  const running = await startKms({
    ca: first.ca,
    argv(dir) {
      writeFileSync(join(dir, "tls.crt"), first.cert);
      writeFileSync(join(dir, "tls.key"), first.key, { mode: 0o600 });
      return ["--enable-tls", `--tls-cert=${join(dir, "tls.crt")}`, `--tls-key=${join(dir, "tls.key")}`];
    },
  });
  const checkWith = async (ca: string): Promise<Status> => {
    const baseUrl = `https://127.0.0.1:${running.port}`;
    const sessionManager = new Http2SessionManager(baseUrl, undefined, { ca });
    try {
      const { status } = await createClient(Health, createGrpcTransport({ baseUrl, sessionManager })).check(
        {},
      );
      return status;
    } finally {
      sessionManager.abort();
    }
  };
  expect(await checkWith(first.ca)).toBe(Status.SERVING);
  expect((await running.get("/metrics")).body).toContain("\ntalos_kms_plaintext 0\n");
  writeFileSync(join(running.dir, "tls.crt"), second.cert); // without its key
  await eventually(() =>
    expect(running.lines()).toContainEqual(
      expect.objectContaining({
        level: "error",
        setting: "--tls-key",
        fault: expect.stringContaining("is not the key of"),
      }),
    ),
  );
  expect(await checkWith(first.ca)).toBe(Status.SERVING);
  writeFileSync(join(running.dir, "tls.key"), second.key);
  await eventually(() =>
    expect(running.lines()).toContainEqual(expect.objectContaining({ msg: "reloaded" })),
  );
  expect(await checkWith(second.ca)).toBe(Status.SERVING);
  await expect(checkWith(first.ca)).rejects.toThrow();
  const reloads = (await running.get("/metrics")).body;
  expect(reloads).toContain('talos_kms_reloads_total{source="serving",success="true"} 1');
  expect(reloads).toContain('talos_kms_reloads_total{source="serving",success="false"} 1');
});

test("row 32: without TLS a warning and a metric say so", async () => {
  const { lines, get } = await startKms();
  expect(lines()).toContainEqual(
    expect.objectContaining({
      level: "warn",
      msg: expect.stringContaining("disk keys cross the network in the clear"),
    }),
  );
  expect((await get("/metrics")).body).toContain("\ntalos_kms_plaintext 1\n");
});

test("a keyring that another process has rotated is taken up; one that has lost keys is not", async () => {
  const { kms, dir, lines } = await startKms();
  const file = join(dir, "keyring.json");
  const { data: old } = await kms.seal({ nodeUuid: NODE, data: DISK_KEY });
  const before = readFileSync(file);
  await (await openKeyring(file)).rotate();
  await eventually(() =>
    expect(lines()).toContainEqual(expect.objectContaining({ msg: "took changed files" })),
  );
  const { data: fresh } = await kms.seal({ nodeUuid: NODE, data: DISK_KEY });
  expect(Buffer.from(fresh).toString()).toMatch(/^tbk:v1:2:/);
  writeFileSync(file, before);
  await eventually(() =>
    expect(lines()).toContainEqual(expect.objectContaining({ level: "error", source: "keyring" })),
  );
  for (const data of [old, fresh]) {
    expect(Buffer.from((await kms.unseal({ nodeUuid: NODE, data })).data)).toEqual(DISK_KEY);
  }
});

async function startApi(dir: string): Promise<{ api: KubernetesApi; env: Record<string, string> }> {
  const serving = await makeServing();
  const api = await startKubernetesApi(serving);
  onTestFinished(() => api.close());
  writeFileSync(join(dir, "token"), `${api.token}\n`);
  writeFileSync(join(dir, "ca.crt"), serving.ca);
  const env = {
    KUBERNETES_SERVICE_HOST: "127.0.0.1",
    KUBERNETES_SERVICE_PORT: String(api.port),
    KMS_SERVICE_ACCOUNT_PATH: dir,
    POD_NAME: "kms-0",
    POD_NAMESPACE: "kms",
  };
  return { api, env };
}

test("SIGTERM: calls under way are answered, then the lease is given back, then the token revoked", async () => {
  const bao = await startBao();
  const { api, env } = await startApi(scratchDir());
  const order: string[] = [];
  api.onRequest = (line, body) => {
    if (line.startsWith("PUT") && body.includes('"holderIdentity":""')) order.push("lease given back");
  };
  const running = await startKms({
    env: () => ({ ...withAppRole(bao)(), ...env }),
    argv: () => ["--enable-leader-election"],
  });
  await eventually(async () => expect((await running.get("/ready")).status).toBe(200));
  expect(readFileSync(join(running.dir, "leader"), "utf8")).toBe("");
  const data = await sealed(running);
  const asked = Promise.withResolvers<void>();
  const held = Promise.withResolvers<undefined>();
  bao.script = (request) => {
    if (request.includes("revoke-self")) order.push("token revoked");
    if (!request.includes("transit/decrypt")) return undefined;
    asked.resolve();
    return held.promise;
  };
  const call = running.kms.unseal({ nodeUuid: NODE, data }).then((opened) => {
    order.push("call answered");
    return opened;
  });
  await asked.promise;
  running.signal();
  await eventually(() =>
    expect(running.lines()).toContainEqual(expect.objectContaining({ msg: "stopping" })),
  );
  const notReady = await running.get("/ready");
  expect([notReady.status, notReady.body]).toEqual([
    503,
    expect.stringContaining("[-]accepting failed: stopping"),
  ]);
  expect(order).toEqual([]);
  held.resolve(undefined);
  expect(Buffer.from((await call).data)).toEqual(DISK_KEY);
  expect(await running.ended).toBe(0);
  expect(order).toEqual(["call answered", "lease given back", "token revoked"]);
  expect(bao.tokens).toEqual(new Set([bao.token])); // a given one is never revoked
  expect(() => readFileSync(join(running.dir, "leader"))).toThrow("ENOENT");
});

test("a second SIGTERM cuts calls short, also where both come before the first was noticed", async () => {
  for (const together of [false, true]) {
    const bao = await startBao();
    // Longer than a test may take: it is the signal that ends it.
    const running = await startKms({ env: withToken(bao), argv: () => ["--shutdown-timeout=10m"] });
    const data = await sealed(running);
    const asked = Promise.withResolvers<void>();
    const held = Promise.withResolvers<undefined>();
    bao.script = (request) => {
      if (!request.includes("transit/decrypt")) return undefined;
      asked.resolve();
      return held.promise;
    };
    const call = refusalOf(running.kms.unseal({ nodeUuid: NODE, data }));
    await asked.promise;
    running.signal();
    if (!together) {
      await eventually(() =>
        expect(running.lines()).toContainEqual(expect.objectContaining({ msg: "stopping" })),
      );
    }
    running.signal();
    await call;
    held.resolve(undefined);
    expect(await running.ended).toBe(0);
    expect(running.lines()).toContainEqual(expect.objectContaining({ msg: "stopped", abandoned: 1 }));
  }
});

test("the leader's file is no way to another file: a link in its place is replaced", async () => {
  const bao = await startBao();
  const { env } = await startApi(scratchDir());
  const victim = join(scratchDir(), "victim");
  writeFileSync(victim, "content");
  const running = await startKms({
    env: () => ({ ...withToken(bao)(), ...env }),
    argv(dir) {
      symlinkSync(victim, join(dir, "leader"));
      return ["--enable-leader-election"];
    },
  });
  await eventually(async () => expect((await running.get("/ready")).status).toBe(200));
  await eventually(() => expect(readFileSync(join(running.dir, "leader"), "utf8")).toBe(""));
  expect(readFileSync(victim, "utf8")).toBe("content");
});

test("leader election where the API refuses: nobody leads, calls say so, the fault is in the log", async () => {
  const bao = await startBao();
  const { api, env } = await startApi(scratchDir());
  api.token = "another";
  const { kms, get, lines } = await startKms({
    env: () => ({ ...withToken(bao)(), ...env }),
    argv: () => ["--enable-leader-election"],
  });
  const text = "No leader elected - service unavailable";
  expect(await refusalOf(kms.seal({ nodeUuid: NODE, data: DISK_KEY }))).toEqual({
    code: "Unavailable",
    text,
  });
  for (const path of ["/ready", "/readyz"]) {
    expect(await get(path)).toEqual({ status: 503, body: expect.stringContaining(text) });
  }
  expect((await get("/livez")).status).toBe(200);
  await eventually(() =>
    expect(lines()).toContainEqual(
      expect.objectContaining({
        msg: "can't reach the lease",
        error: expect.objectContaining({ code: "ERR_LEADER_FORBIDDEN" }),
      }),
    ),
  );
  expect(JSON.parse((await get("/leader")).body)).toMatchObject({ isLeader: false, currentLeader: "" });
});
