import {
  create,
  isMessage,
  type DescMessage,
  type DescMethodUnary,
  type Message,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import {
  createContextValues,
  type ContextValues,
  type HandlerContext,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { peerKey, principalKey, type Peer } from "./gate.ts";

/** What a call keeps for its handler. Each part exists only once it was asked for. */
export class CallState {
  readonly method: DescMethodUnary;
  readonly path: string;
  readonly rawHeaders: readonly string[];
  readonly peer: Peer;
  readonly principal: string | undefined;
  readonly remainingMs: () => number;
  readonly authority: string;
  responseHeader: Headers | undefined;
  responseTrailer: Headers | undefined;
  /** The response as the handler's layer made it; an interceptor may answer another one. */
  response: UnaryResponse | undefined;
  #requestHeader: Headers | undefined;
  #values: ContextValues | undefined;
  #controller: AbortController | undefined;
  #abortReason: (() => unknown) | undefined;

  constructor(init: {
    readonly method: DescMethodUnary;
    readonly path: string;
    readonly authority: string;
    readonly rawHeaders: readonly string[];
    readonly peer: Peer;
    readonly principal: string | undefined;
    readonly remainingMs: () => number;
  }) {
    this.method = init.method;
    this.path = init.path;
    this.authority = init.authority;
    this.rawHeaders = init.rawHeaders;
    this.peer = init.peer;
    this.principal = init.principal;
    this.remainingMs = init.remainingMs;
  }

  get requestHeader(): Headers {
    return (this.#requestHeader ??= readHeaders(this.rawHeaders));
  }

  get values(): ContextValues {
    if (this.#values === undefined) {
      this.#values = createContextValues().set(peerKey, this.peer);
      if (this.principal !== undefined) this.#values.set(principalKey, this.principal);
    }
    return this.#values;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason());
    }
    return this.#controller.signal;
  }

  /**
   * Ends the signal, whether somebody has asked for it already or does so later. The reason is made only for who asks: an
   * error with its stack and Headers is a dear thing to make for every call that ends well.
   */
  abort(reason: () => unknown): void {
    this.#abortReason ??= reason;
    this.#controller?.abort(this.#abortReason());
  }
}

/** Carries the state through interceptors that pass on a copy of the request. */
const stateKey = Symbol("state of the call");

type CallRequest = UnaryRequest & { readonly [stateKey]: CallState };

/** The request as interceptors see it. Own getters, so that `{ ...request, message }` in an interceptor works. */
export function createRequest(state: CallState, message: Message): UnaryRequest {
  const request: CallRequest = {
    [stateKey]: state,
    stream: false,
    service: state.method.parent,
    method: state.method,
    requestMethod: "POST",
    message,
    get url() {
      return `https://${state.authority}${state.path}`;
    },
    get signal() {
      return state.signal;
    },
    get header() {
      return state.requestHeader;
    },
    get contextValues() {
      return state.values;
    },
  };
  return request;
}

/** The state of the call a request belongs to. */
export function stateOf(request: UnaryRequest): CallState {
  if (!isCallRequest(request)) throw new TypeError("an interceptor passed on a request of its own making");
  return request[stateKey];
}

function isCallRequest(request: UnaryRequest): request is CallRequest {
  return stateKey in request;
}

/** The context as handlers see it: what interceptors changed in the request counts. */
export function createContext(request: UnaryRequest): HandlerContext {
  const state = stateOf(request);
  return {
    service: request.service,
    method: request.method,
    requestMethod: "POST",
    protocolName: "grpc",
    timeoutMs: state.remainingMs,
    get url() {
      return request.url;
    },
    get signal() {
      return request.signal;
    },
    get requestHeader() {
      return request.header;
    },
    get responseHeader() {
      return (state.responseHeader ??= new Headers());
    },
    get responseTrailer() {
      return (state.responseTrailer ??= new Headers());
    },
    get values() {
      return request.contextValues;
    },
  };
}

/** What a handler answered as a message. */
export function toMessage<Desc extends DescMessage>(schema: Desc, output: MessageInitShape<Desc>): Message {
  return isMessage(output, schema) ? output : create(schema, output);
}

function readHeaders(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? "";
    if (!name.startsWith(":")) headers.append(name, raw[i + 1] ?? "");
  }
  return headers;
}
