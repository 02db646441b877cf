import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Health, HealthCheckResponse_ServingStatus, KMSService } from "@talos-bridge/api";
import { expect, test } from "vitest";
import { answerOf, connectRaw, openCall, rawCall, sealFrame } from "./support/raw-client.ts";
import { startServer } from "./support/start-server.ts";

function transportTo(port: number): ReturnType<typeof createGrpcTransport> {
  return createGrpcTransport({
    baseUrl: `https://127.0.0.1:${port}`,
    nodeOptions: { rejectUnauthorized: false },
  });
}

test("a call over TLS is answered", async () => {
  const { port, calls } = await startServer();
  const client = createClient(KMSService, transportTo(port));
  const { data } = await client.seal({ data: new Uint8Array([1, 2, 3]) }, { headers: { token: "good" } });
  expect(data).toEqual(new Uint8Array([1, 2, 3]));
  expect(calls).toMatchObject([
    { service: "sidero.kms.KMSService", method: "Seal", code: 0, principal: "tester" },
  ]);
});

test("the gate refuses on headers alone, before the body", async () => {
  const { port } = await startServer();
  const session = connectRaw(port);
  const stream = openCall(session, { token: "bad" });
  const answer = await answerOf(stream);
  expect(answer).toMatchObject({ grpcStatus: "16", grpcMessage: "invalid token", httpStatus: 200 });
  const next = await rawCall(session, sealFrame(""));
  expect(next.grpcStatus).toBe("0");
  session.close();
});

test("health", async () => {
  const { port } = await startServer();
  const client = createClient(Health, transportTo(port));
  expect((await client.check({})).status).toBe(HealthCheckResponse_ServingStatus.SERVING);
  await expect(client.check({ service: "nope" })).rejects.toMatchObject({ code: 5 });
});
