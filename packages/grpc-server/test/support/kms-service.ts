import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { KmsResponseSchema, KMSService } from "@talos-bridge/api";

type Answer = MessageInitShape<typeof KmsResponseSchema>;

/** Answers of the test service by the text in `nodeUuid`; anything else echoes `data`. */
const ACTS: Readonly<
  Record<string, (context: HandlerContext, data: Uint8Array) => Answer | Promise<Answer>>
> = {
  denied: () => {
    throw new ConnectError("not you: 100 % sure, ü", Code.PermissionDenied);
  },
  crash: () => {
    throw new TypeError("secret detail");
  },
  "crash-string": () => {
    // A handler that throws what is no Error.
    // oxlint-disable-next-line typescript/only-throw-error
    throw "secret detail";
  },
  metadata: (context) => {
    context.responseHeader.set("x-head", "h");
    context.responseTrailer.set("x-trail", "t");
    return { data: new Uint8Array([1]) };
  },
  "metadata-error": (context) => {
    context.responseHeader.set("x-head", "h");
    throw new ConnectError("no", Code.FailedPrecondition, { "x-meta": "m" });
  },
  forever: ({ signal }) =>
    new Promise((_resolve, reject) => {
      signal.throwIfAborted();
      signal.addEventListener("abort", () => reject(ConnectError.from(signal.reason)));
    }),
  large: (_context, data) => ({ data: new Uint8Array(Number(new TextDecoder().decode(data))) }),
  "time-left": (context) => ({ data: new TextEncoder().encode(String(context.timeoutMs())) }),
  "what-header": (context) => ({
    data: new TextEncoder().encode(context.requestHeader.get("x-in") ?? "none"),
  }),
};

export const kmsService: Pick<ServiceImpl<typeof KMSService>, "seal"> = {
  seal: (request, context) => {
    const act = ACTS[request.nodeUuid];
    return act === undefined ? { data: request.data } : act(context, request.data);
  },
};
