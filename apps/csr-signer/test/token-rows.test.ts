import { Code } from "@connectrpc/connect";
import { SecurityService } from "@talos-bridge/api";
import { connect, type ClientHttp2Session } from "node:http2";
import { readFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { certificateOf, refusalOf, requestFor, WORKER_NAMES } from "./support/request.ts";
import { environmentOf, runOnce, startSigner, type RunningSigner } from "./support/signer.ts";

const CSR = await requestFor(WORKER_NAMES);

describe("rows 19 and 20: a call without the join token is refused, and the next good one is served", () => {
  const rows = [
    { name: "wrong token", headers: { token: "aaaaaa.bbbbbbbbbbbbbbbb" } },
    { name: "shorter token", headers: { token: "a" } },
    { name: "empty token", headers: { token: "" } },
    { name: "blank token", headers: { token: "  " } },
    { name: "no token", headers: {} },
    { name: "token in another header", headers: { authorization: "Bearer x" } },
  ];
  test.each(rows)("row 20: $name", async ({ headers }) => {
    const signer = await startSigner();
    const { security } = signer.connect();
    const refusal = await refusalOf(security.certificate({ csr: CSR }, { headers }));
    expect(refusal.code).toBe(Code.Unauthenticated);
    expect(refusal.rawMessage).toBe("invalid token");
    const { leaf } = await certificateOf(security, CSR, signer.cluster.token);
    expect(leaf.commonName).toBe("worker-1");
  });
});

test("row 20: a blank or absent token keeps the signer from starting", async () => {
  const signer = await startSigner();
  const env = { ...environmentOf(signer.cluster), TALOS_TOKEN_FILE: undefined };
  for (const TALOS_TOKEN of ["", " ", "\t"]) {
    const refused = await runOnce({ env: { ...env, TALOS_TOKEN } });
    expect(refused.code).toBe(1);
    expect(refused.lines).toContainEqual(expect.objectContaining({ setting: "TALOS_TOKEN" }));
  }
});

test("row 21: two token headers are refused even if one of them is right", async () => {
  const signer = await startSigner();
  for (const token of [
    [signer.cluster.token, "bad"],
    ["bad", signer.cluster.token],
    [signer.cluster.token, signer.cluster.token],
  ]) {
    expect(await grpcStatusOf(signer, { token })).toBe(String(Code.Unauthenticated));
  }
  expect(await grpcStatusOf(signer, { token: [signer.cluster.token] })).not.toBe(
    String(Code.Unauthenticated),
  );
});

test("row 22: no token, key or request ever reaches the log, whatever is sent", async () => {
  const signer = await startSigner({ env: () => ({ LOG_LEVEL: "debug" }) });
  const { security } = signer.connect();
  const secretGuess = "guess1.0123456789abcdef";
  await refusalOf(
    security.certificate({ csr: CSR }, { headers: { token: secretGuess, "x-other": "metadata-value" } }),
  );
  await refusalOf(
    security.certificate(
      { csr: new TextEncoder().encode("csr-body-marker") },
      { headers: { token: signer.cluster.token } },
    ),
  );
  await certificateOf(security, CSR, signer.cluster.token);
  await signer.stop();
  const log = signer.output();
  expect(log).toContain('"msg":"signed"');
  expect(log).toContain('"msg":"refused"');
  const keyBody = readFileSync(signer.cluster.caKey, "utf8").split("\n")[1] ?? "?";
  const csrBody = new TextDecoder().decode(CSR).split("\n")[1] ?? "?";
  for (const secret of [
    signer.cluster.token,
    secretGuess,
    "metadata-value",
    "csr-body-marker",
    keyBody,
    csrBody,
  ]) {
    expect(log).not.toContain(secret);
    expect(log).not.toContain(secret.slice(0, 8));
  }
});

test("row 23: the failure limit is off by default, and where it is set even a right token waits", async () => {
  const open = await startSigner();
  const { security } = open.connect();
  for (let i = 0; i < 20; i++)
    await refusalOf(security.certificate({ csr: CSR }, { headers: { token: "x" } }));
  await certificateOf(security, CSR, open.cluster.token);

  const limited = await startSigner({ env: () => ({ TOKEN_FAILURES_PER_MINUTE: "3" }) });
  const client = limited.connect().security;
  const codes = [];
  for (let i = 0; i < 4; i++)
    codes.push((await refusalOf(client.certificate({ csr: CSR }, { headers: { token: "x" } }))).code);
  expect(codes).toEqual([
    Code.Unauthenticated,
    Code.Unauthenticated,
    Code.Unauthenticated,
    Code.ResourceExhausted,
  ]);
  expect(
    (await refusalOf(client.certificate({ csr: CSR }, { headers: { token: limited.cluster.token } }))).code,
  ).toBe(Code.ResourceExhausted);
});

test("row 24: health is open, every method that is not listed is refused, with or without a token", async () => {
  const signer = await startSigner();
  const { health } = signer.connect();
  expect((await health.check({ service: "" })).status).toBe(1);
  expect((await health.check({ service: SecurityService.typeName })).status).toBe(1);
  const paths = [
    "/securityapi.SecurityService/ReadFile",
    "/securityapi.SecurityService/WriteFile",
    "/other.Service/Method",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  ];
  for (const path of paths) {
    expect(await grpcStatusOf(signer, { token: [signer.cluster.token], path }), path).toBe(
      String(Code.Unimplemented),
    );
    expect(await grpcStatusOf(signer, { path }), path).toBe(String(Code.Unimplemented));
  }
});

/** The grpc-status of one call with raw headers, which a client library would not send. */
async function grpcStatusOf(
  signer: RunningSigner,
  options: { token?: string[]; path?: string },
): Promise<string | undefined> {
  const session: ClientHttp2Session = connect(`https://127.0.0.1:${signer.port}`, {
    ca: signer.cluster.caPem,
  });
  onTestFinished(() => session.destroy());
  const stream = session.request({
    ":method": "POST",
    ":path": options.path ?? `/${SecurityService.typeName}/Certificate`,
    "content-type": "application/grpc+proto",
    te: "trailers",
    ...(options.token && { token: options.token }),
  });
  stream.end(Buffer.from([0, 0, 0, 0, 0]));
  const status = await new Promise<string | undefined>((resolve, reject) => {
    let found: string | undefined;
    const take = (headers: Record<string, unknown>): void => {
      if (typeof headers["grpc-status"] === "string") found = headers["grpc-status"];
    };
    stream
      .on("response", take)
      .on("trailers", take)
      .on("error", reject)
      .on("close", () => resolve(found));
    stream.resume();
  });
  session.close();
  return status;
}
