import type { DescMethodUnary } from "@bufbuild/protobuf";
import type { Interceptor, ServiceImplSpec } from "@connectrpc/connect";
import { createContext, stateOf, toMessage } from "./call-request.ts";
import { GrpcServerError } from "./errors.ts";

/** A call as interceptors wrap it; connect has no name for the type. */
type Call = Parameters<Interceptor>[0];

/** One method that is served. */
export interface MethodEntry {
  readonly path: string;
  readonly serviceName: string;
  readonly name: string;
  /** Absent for streaming methods, which are Unimplemented whatever the implementation holds. */
  readonly unary?: { readonly method: DescMethodUnary; readonly call: Call };
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

type UnarySpec = Extract<ServiceImplSpec["methods"][string], { readonly kind: "unary" }>;

/** The first interceptor is the outermost. */
function compose({ method, impl }: UnarySpec, interceptors: readonly Interceptor[]): Call {
  const handle: Call = async (request) => {
    if (request.stream) throw new TypeError("an interceptor passed on a stream for a unary call");
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
  let call = handle;
  for (const interceptor of interceptors.toReversed()) call = interceptor(call);
  return call;
}
