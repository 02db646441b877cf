import { Code, ConnectError } from "@connectrpc/connect";
import { Health, KMSService } from "@talos-bridge/api";
import { bindService, createHealth, StatusError } from "@talos-bridge/grpc-server";
import { expect, onTestFinished, test, vi } from "vitest";
import { answerOf, connectRaw, frame, openCall, rawCall, sealFrame } from "./support/raw-client.ts";
import { startServer } from "./support/start-server.ts";

test("is a ConnectError to whoever catches one", () => {
  const cause = new TypeError("why");
  const error: unknown = new StatusError("no", Code.Aborted, cause);
  expect(error).toBeInstanceOf(ConnectError);
  expect(ConnectError.from(error)).toBe(error);
  const ours = ConnectError.from(error);
  const theirs = new ConnectError("no", Code.Aborted, undefined, undefined, cause);
  expect([ours.code, ours.rawMessage, ours.cause, ours.name]).toEqual([
    theirs.code,
    theirs.rawMessage,
    theirs.cause,
    theirs.name,
  ]);
  expect([...ours.metadata]).toEqual([]);
  expect(ours.findDetails(Health.method.check.input)).toEqual([]);
});

const throwing = (error: () => Error): ReturnType<typeof bindService> =>
  bindService(KMSService, {
    seal() {
      throw error();
    },
  });

test("metadata that was put into one reaches the caller", async () => {
  const service = throwing(() => {
    const error = new StatusError("no", Code.Aborted);
    error.metadata.set("x-meta", "m");
    return error;
  });
  const { port } = await startServer({ services: [service] });
  const { headers } = await rawCall(connectRaw(port), sealFrame("n"));
  expect([headers["grpc-status"], headers["grpc-message"], headers["x-meta"]]).toEqual(["10", "no", "m"]);
});

test("no answer, refusal or cancelled call makes Headers, which would load Node's fetch", async () => {
  const asked = vi.fn();
  const { Headers: original } = globalThis;
  const service = bindService(KMSService, {
    seal(request, { signal }) {
      if (request.nodeUuid === "refused") throw new StatusError("no", Code.PermissionDenied);
      if (request.nodeUuid === "crash") throw new TypeError("crash");
      if (request.nodeUuid !== "waits") return { data: request.data };
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  });
  const { port, calls } = await startServer({
    services: [service, createHealth({ services: [], serving: () => true })],
  });
  Object.defineProperty(globalThis, "Headers", {
    configurable: true,
    get() {
      asked();
      return original;
    },
  });
  onTestFinished(
    () =>
      void Object.defineProperty(globalThis, "Headers", {
        value: original,
        writable: true,
        configurable: true,
      }),
  );

  const session = connectRaw(port);
  onTestFinished(() => session.destroy());
  for (const uuid of ["n", "refused", "crash"]) await rawCall(session, sealFrame(uuid));
  await rawCall(session, sealFrame("n"), { token: "bad" });
  await rawCall(session, frame(new Uint8Array([10, 1, 120])), { ":path": `/${Health.typeName}/Check` });
  await rawCall(session, sealFrame("waits"), { "grpc-timeout": "50m" });
  const cancelled = openCall(session);
  cancelled.end(sealFrame("waits"));
  setTimeout(() => cancelled.close(8), 50);
  await answerOf(cancelled);

  await vi.waitFor(() => expect(calls).toHaveLength(7));
  expect(calls.map(({ code }) => code)).toEqual([
    0,
    Code.PermissionDenied,
    Code.Internal,
    Code.Unauthenticated,
    Code.NotFound,
    Code.DeadlineExceeded,
    Code.Canceled,
  ]);
  expect(asked).not.toHaveBeenCalled();
});
