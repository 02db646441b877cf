import type { DescMethodUnary } from "@bufbuild/protobuf";
import type { Interceptor, ServiceImplSpec, UnaryRequest, UnaryResponse } from "@connectrpc/connect";
import { createContext, stateOf, toMessage } from "./call-request.ts";
import { GrpcServerError } from "./errors.ts";

/** One method that is served. */
export interface MethodEntry {
  readonly path: string;
  readonly serviceName: string;
  readonly name: string;
  /** Absent for streaming methods, which are Unimplemented whatever the implementation holds. */
  readonly unary?: {
    readonly method: DescMethodUnary;
    readonly call: (request: UnaryRequest) => Promise<UnaryResponse>;
  };
}

/** Every method of the services by its path, interceptors wrapped around each handler once. */
export function createMethodTable(
  services: readonly ServiceImplSpec[],
  interceptors: readonly Interceptor[],
): ReadonlyMap<string, MethodEntry> {
  const table = new Map<string, MethodEntry>();
  for (const { service, methods } of services) {
    for (const spec of Object.values(methods)) {
      const path = `/${service.typeName}/${spec.method.name}`;
      if (table.has(path))
        throw new GrpcServerError("ERR_GRPC_SERVER_DUPLICATE_METHOD", `${path} is served twice`);
      const named = { path, serviceName: service.typeName, name: spec.method.name };
      if (spec.kind === "unary")
        table.set(path, { ...named, unary: { method: spec.method, call: compose(spec, interceptors) } });
      else table.set(path, named);
    }
  }
  return table;
}

type AnyCall = Parameters<Interceptor>[0];
type UnaryCall = (request: UnaryRequest) => Promise<UnaryResponse>;
type UnarySpec = Extract<ServiceImplSpec["methods"][string], { readonly kind: "unary" }>;

/** The first interceptor is the outermost. */
function compose({ method, impl }: UnarySpec, interceptors: readonly Interceptor[]): UnaryCall {
  const handle: UnaryCall = async (request) => {
    const output = await impl(request.message, createContext(request));
    const state = stateOf(request);
    state.response = {
      stream: false,
      service: method.parent,
      method,
      message: toMessage(method.output, output),
      get header() {
        return (state.responseHeader ??= new Headers());
      },
      get trailer() {
        return (state.responseTrailer ??= new Headers());
      },
    };
    return state.response;
  };
  // The types allow streams, which never get here.
  let call = handle as AnyCall;
  for (const interceptor of interceptors.toReversed()) call = interceptor(call);
  return call as UnaryCall;
}
