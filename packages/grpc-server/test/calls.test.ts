import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Health, HealthCheckResponse_ServingStatus, KMSService } from "@talos-bridge/api";
import {
  bindService,
  createGrpcServer,
  createHealth,
  mapErrors,
  peerKey,
  principalKey,
} from "@talos-bridge/grpc-server";
import { describe, expect, test } from "vitest";
import { connectRaw, rawCall, sealFrame } from "./support/raw-client.ts";
import { startServer } from "./support/start-server.ts";
import { startStockServer } from "./support/stock-server.ts";

function transportTo(port: number): ReturnType<typeof createGrpcTransport> {
  return createGrpcTransport({
    baseUrl: `https://127.0.0.1:${port}`,
    nodeOptions: { rejectUnauthorized: false },
  });
}

interface Seen {
  readonly data?: Uint8Array;
  readonly code?: Code;
  readonly message?: string;
  readonly metadata: readonly (string | null)[];
}

/** What connect-node's client sees of a Seal. */
async function see(port: number, nodeUuid: string): Promise<Seen> {
  let header = new Headers();
  let trailer = new Headers();
  const options = {
    headers: { token: "good", "x-in": "in" },
    onHeader: (headers: Headers) => (header = headers),
    onTrailer: (headers: Headers) => (trailer = headers),
  };
  const names = ["x-head", "x-trail", "x-meta", "content-type", "grpc-encoding"];
  try {
    const { data } = await createClient(KMSService, transportTo(port)).seal(
      { nodeUuid, data: new Uint8Array([7]) },
      options,
    );
    return { data, metadata: names.map((name) => header.get(name) ?? trailer.get(name)) };
  } catch (error) {
    const { code, rawMessage, metadata } = ConnectError.from(error);
    return { code, message: rawMessage, metadata: names.map((name) => metadata.get(name)) };
  }
}

describe("connect-node's client sees the same of this adapter as of connect-node's own", () => {
  const acts = ["", "denied", "crash", "crash-string", "metadata", "metadata-error", "what-header", "large"];
  for (const act of acts) {
    test(act === "" ? "echo" : act, async () => {
      const seen = await see((await startServer()).port, act);
      expect(seen).toEqual(await see(await startStockServer(), act));
    });
  }

  test("a deadline", async () => {
    const { port } = await startServer();
    const call = createClient(KMSService, transportTo(port)).seal(
      { nodeUuid: "forever" },
      { headers: { token: "good" }, timeoutMs: 60 },
    );
    await expect(call).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  });
});

describe("interceptors", () => {
  test("the first is the outermost; peer and principal are context values", async () => {
    const order: string[] = [];
    const named =
      (name: string): Interceptor =>
      (next) =>
      async (request) => {
        const { port, address } = request.contextValues.get(peerKey);
        order.push(
          `${name} in ${address} ${port > 0} ${request.contextValues.get(principalKey)} ${new URL(request.url).pathname}`,
        );
        const response = await next(request);
        order.push(`${name} out`);
        return response;
      };
    const { port } = await startServer({ interceptors: [named("a"), named("b")] });
    const session = connectRaw(port);
    await rawCall(session, sealFrame(""));
    const seen = "127.0.0.1 true tester /sidero.kms.KMSService/Seal";
    expect(order).toEqual([`a in ${seen}`, `b in ${seen}`, "b out", "a out"]);
    session.destroy();
  });

  test("may pass on a changed copy of the request and answer a changed copy of the response", async () => {
    const changing: Interceptor = (next) => async (request) => {
      const header = new Headers(request.header);
      header.set("x-in", "changed");
      const response = await next({ ...request, header });
      return { ...response, header: new Headers({ "x-head": "new" }) };
    };
    const { port } = await startServer({ interceptors: [changing] });
    const session = connectRaw(port);
    const { body, headers } = await rawCall(session, sealFrame("what-header"), { "x-in": "given" });
    expect([body.subarray(7).toString(), headers["x-head"]]).toEqual(["changed", "new"]);
    session.destroy();
  });

  test("mapErrors maps what it knows, keeps the cause and leaves the rest", async () => {
    const causes: unknown[] = [];
    const watching: Interceptor = (next) => (request) =>
      next(request).catch((error: unknown) => {
        causes.push(error instanceof ConnectError ? error.cause : error);
        throw error;
      });
    const mapping = mapErrors((error) =>
      error instanceof TypeError ? new ConnectError("mapped", Code.Aborted) : undefined,
    );
    const { port, internalErrors } = await startServer({ interceptors: [watching, mapping] });
    const session = connectRaw(port);
    expect(await rawCall(session, sealFrame("crash"))).toMatchObject({
      grpcStatus: "10",
      grpcMessage: "mapped",
    });
    expect(await rawCall(session, sealFrame("crash-string"))).toMatchObject({ grpcStatus: "13" });
    expect(await rawCall(session, sealFrame("denied"))).toMatchObject({ grpcStatus: "7" });
    expect(causes).toEqual([new TypeError("secret detail"), "secret detail", undefined]);
    expect(internalErrors).toEqual(["secret detail"]);
    session.destroy();
  });
});

describe("health", () => {
  test("Check answers for the server and each named service as they are now", async () => {
    let serving = true;
    const health = createHealth({ services: ["a.B"], serving: () => serving });
    const { port } = await startServer({ services: [health] });
    const client = createClient(Health, transportTo(port));
    const { SERVING, NOT_SERVING } = HealthCheckResponse_ServingStatus;
    expect((await client.check({})).status).toBe(SERVING);
    serving = false;
    expect((await client.check({ service: "a.B" })).status).toBe(NOT_SERVING);
    await expect(client.check({ service: "a.C" })).rejects.toMatchObject({ code: Code.NotFound });
    const watch = client.watch({})[Symbol.asyncIterator]();
    await expect(watch.next()).rejects.toMatchObject({ code: Code.Unimplemented });
  });
});

test("two services with one path are refused at once", () => {
  const service = bindService(KMSService, {});
  const create = () =>
    createGrpcServer({
      services: [service, service],
      gate: () => ({ allow: true, countsAsAuthenticated: false }),
    });
  expect(create).toThrow(expect.objectContaining({ code: "ERR_GRPC_SERVER_DUPLICATE_METHOD" }));
});

test("a port that is taken is an error, and another one may be tried", async () => {
  const { port } = await startServer();
  const second = createGrpcServer({
    services: [],
    gate: () => ({ allow: true, countsAsAuthenticated: false }),
  });
  await expect(second.listen({ port, host: "127.0.0.1" })).rejects.toMatchObject({
    code: "ERR_GRPC_SERVER_LISTEN",
    cause: { code: "EADDRINUSE" },
  });
  expect((await second.listen({ port: 0, host: "127.0.0.1" })).port).toBeGreaterThan(0);
  second.closeNow();
});
