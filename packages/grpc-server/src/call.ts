import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamResponse, type UnaryResponse } from "@connectrpc/connect";
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import {
  ANSWER_TOO_LONG,
  BUSY,
  GATE_FAILED,
  LARGE_HEADERS,
  LATE,
  SLOW,
  STREAMING,
  UNKNOWN_METHOD,
  UNREADABLE,
  WAITED,
  type CallFault,
} from "./call-fault.ts";
import { checkEncoding, checkProtocol, headerBytes, readTimeout } from "./call-headers.ts";
import { CallState, createRequest } from "./call-request.ts";
import type { CallSlots } from "./call-slots.ts";
import type { CallCode, ServerEvents } from "./events.ts";
import type { GateDecision, HeaderGate, Peer } from "./gate.ts";
import type { Limits } from "./limits.ts";
import type { MethodEntry } from "./method-table.ts";
import { createMessageReader } from "./read-message.ts";
import { respondError, respondHttpStatus, respondMessage, respondStatus } from "./respond.ts";
import { StatusError } from "./status-error.ts";
import type { Timers } from "./timers.ts";

/** What all calls of one server share. */
export interface CallHost {
  readonly methods: ReadonlyMap<string, MethodEntry>;
  readonly gate: HeaderGate;
  readonly limits: Limits;
  readonly timers: Timers;
  readonly slots: CallSlots;
  readonly events: ServerEvents;
  /** Calls let in and not yet answered. */
  open: number;
  /** Bytes of unfinished and waiting requests. */
  buffered: number;
  /** Calls of which not all has arrived, the oldest first. */
  readonly reading: Set<Call>;
}

/** What a call tells its connection. */
export interface CallConnection {
  readonly peer: Peer;
  callOpened(): void;
  /** All of a call has arrived; `authenticated`: and the gate counts it so. */
  callArrived(authenticated: boolean): void;
  /** `letIn`: the call passed the gate and arrived whole. */
  callClosed(letIn: boolean): void;
}

type Phase = "headers" | "reading" | "waiting" | "running" | "answered";

const INTERNAL = new StatusError("internal error", Code.Internal);
// One for all calls: a new one would carry a stack that nobody reads.
const ENDED = new StatusError("the call has ended", Code.Canceled);
const CALL_ENDED = (): StatusError => ENDED;

/**
 * Refuses the oldest unfinished request, if there is one. A caller that means well sends all of its request at once: those
 * who send halves must not be able to keep it out.
 */
function crowdOut({ reading }: CallHost): boolean {
  for (const call of reading) {
    call.crowdOut();
    return true;
  }
  return false;
}

/** One call, from its headers to the end of its stream. */
export class Call {
  readonly #host: CallHost;
  readonly #connection: CallConnection;
  readonly #stream: ServerHttp2Stream;
  readonly #startedAt: number;
  #phase: Phase = "headers";
  #phaseAt: number;
  #served: MethodEntry | undefined;
  #principal: string | undefined;
  #counts = false;
  #letIn = false;
  #deadline = 0;
  #buffered = 0;
  #state: CallState | undefined;
  #message: Uint8Array | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(host: CallHost, connection: CallConnection, stream: ServerHttp2Stream) {
    this.#host = host;
    this.#connection = connection;
    this.#stream = stream;
    this.#startedAt = this.#phaseAt = host.timers.now();
    connection.callOpened();
    stream.on("close", () => this.#closed());
  }

  /** Decides by the headers, then reads on or answers. */
  begin(headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void {
    const path = headers[":path"] ?? "";
    this.#served = this.#host.methods.get(path);
    this.#host.events.callStarted?.({ ...this.#names(), peer: this.#connection.peer });
    const notGrpc = checkProtocol(headers);
    if (notGrpc !== undefined) {
      this.#ended(Code.Unimplemented, notGrpc.reason);
      respondHttpStatus(this.#stream, notGrpc.httpStatus);
      return;
    }
    const { unary } = this.#served ?? {};
    if (unary === undefined) return this.#refuse(this.#served === undefined ? UNKNOWN_METHOD : STREAMING);
    if (headerBytes(rawHeaders) > this.#host.limits.maxHeaderBytes) return this.#refuse(LARGE_HEADERS);
    const refused = this.#askGate(path, rawHeaders) ?? checkEncoding(headers);
    if (refused !== undefined) return this.#refuse(refused);
    const timeoutMs = readTimeout(headers, this.#host.limits.maxCallMs);
    if (typeof timeoutMs !== "number") return this.#refuse(timeoutMs);
    if (timeoutMs <= 0) return this.#refuse(LATE);
    this.#deadline = this.#startedAt + timeoutMs;
    const { maxCalls, maxWaitingCalls, requestMs, maxWaitMs, responseMs } = this.#host.limits;
    if (this.#host.open >= maxCalls + maxWaitingCalls && !crowdOut(this.#host)) return this.#refuse(BUSY);
    this.#host.open++;
    this.#state = new CallState({
      method: unary.method,
      path,
      authority: headers[":authority"] ?? "",
      rawHeaders,
      peer: this.#connection.peer,
      principal: this.#principal,
      remainingMs: () => this.#deadline - this.#host.timers.now(),
    });
    this.#enter("reading");
    this.#host.reading.add(this);
    // One timer a call: it fires at the nearest limit there may be, and looks what the limit is by then.
    this.#wakeIn(Math.min(timeoutMs, requestMs, maxWaitMs, responseMs));
    this.#read();
  }

  #askGate(path: string, rawHeaders: readonly string[]): CallFault | undefined {
    let decision: GateDecision;
    try {
      decision = this.#host.gate(path, rawHeaders, this.#connection.peer);
    } catch (error) {
      this.#host.events.internalError?.(error, this.#names());
      return GATE_FAILED;
    }
    if (!decision.allow) return decision;
    this.#principal = decision.principal;
    this.#counts = decision.countsAsAuthenticated;
    return undefined;
  }

  #read(): void {
    const stream = this.#stream;
    const reader = createMessageReader(this.#host.limits);
    stream.on("data", (chunk: Buffer) => {
      if (this.#phase !== "reading") return;
      const fault = reader.push(chunk);
      if (fault !== undefined) return this.#refuse(fault);
      this.#hold(reader.held);
      while (this.#host.buffered > this.#host.limits.maxBufferedBytes && crowdOut(this.#host));
    });
    stream.on("end", () => {
      // A reset ends the readable side too; then nobody waits for an answer.
      if (this.#phase !== "reading" || stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR)
        return;
      const message = reader.end();
      if (message instanceof Uint8Array) this.#arrived(message);
      else this.#refuse(message);
    });
  }

  #hold(bytes: number): void {
    this.#host.buffered += bytes - this.#buffered;
    this.#buffered = bytes;
  }

  /** Others need the room that this unfinished request takes. */
  crowdOut(): void {
    this.#refuse(BUSY);
  }

  #arrived(message: Uint8Array): void {
    this.#letIn = true;
    this.#host.reading.delete(this);
    this.#connection.callArrived(this.#counts);
    this.#message = message;
    this.#enter("waiting");
    if (!this.#host.slots.take(this.#run)) this.#refuse(BUSY);
  }

  readonly #run = (): void => {
    void this.#invoke().finally(() => this.#host.slots.release());
  };

  async #invoke(): Promise<void> {
    const { unary } = this.#served ?? {};
    const state = this.#state;
    const message = this.#message;
    if (unary === undefined || state === undefined || message === undefined) return;
    this.#enter("running");
    this.#message = undefined;
    this.#hold(0);
    let request;
    try {
      request = createRequest(state, fromBinary(unary.method.input, message));
    } catch {
      this.#refuse(UNREADABLE);
      return;
    }
    try {
      this.#answer(await unary.call(request));
    } catch (error) {
      this.#fail(error);
    }
  }

  #answer(response: UnaryResponse | StreamResponse): void {
    const state = this.#state;
    if (this.#phase !== "running" || state === undefined) return;
    if (response.stream) throw new TypeError("an interceptor answered a unary call with a stream");
    const bytes = toBinary(response.method.output, response.message);
    if (bytes.length > this.#host.limits.maxMessageBytes) return this.#refuse(ANSWER_TOO_LONG);
    const own = response === state.response;
    this.#ended(0);
    respondMessage(
      this.#stream,
      bytes,
      own ? state.responseHeader : response.header,
      own ? state.responseTrailer : response.trailer,
    );
  }

  #fail(error: unknown): void {
    if (!(error instanceof ConnectError)) this.#host.events.internalError?.(error, this.#names());
    if (this.#phase !== "running") return;
    const shown = error instanceof ConnectError ? error : INTERNAL;
    this.#ended(shown.code, error instanceof ConnectError ? undefined : "internal-error");
    respondError(this.#stream, shown, this.#state?.responseHeader, this.#state?.responseTrailer);
  }

  #refuse(fault: CallFault): void {
    if (this.#phase === "answered") return;
    this.#ended(fault.code, fault.reason);
    respondStatus(this.#stream, fault.code, fault.message);
    this.#state?.abort(() => new StatusError(fault.message, fault.code));
  }

  /** Gives back what the call held, and tells how it ended. */
  #ended(code: CallCode, reason?: string): void {
    if (this.#phase === "reading") this.#host.reading.delete(this);
    if (this.#phase === "waiting") this.#host.slots.leave(this.#run);
    if (this.#state !== undefined) this.#host.open--;
    this.#hold(0);
    this.#message = undefined;
    this.#enter("answered");
    this.#host.events.callEnded?.({
      ...this.#names(),
      code,
      durationMs: this.#phaseAt - this.#startedAt,
      peer: this.#connection.peer,
      ...(this.#principal !== undefined && { principal: this.#principal }),
      ...(reason !== undefined && { reason }),
    });
  }

  #closed(): void {
    this.#cancelTimer?.();
    if (this.#phase !== "answered") {
      this.#ended(Code.Canceled, "cancelled");
    }
    this.#state?.abort(CALL_ENDED);
    this.#connection.callClosed(this.#letIn);
  }

  #wakeIn(ms: number): void {
    this.#cancelTimer = this.#host.timers.schedule(Math.max(1, ms), () => this.#wake());
  }

  #wake(): void {
    const { requestMs, maxWaitMs, responseMs } = this.#host.limits;
    let limit = this.#deadline;
    let fault = LATE;
    if (this.#phase === "reading" && this.#phaseAt + requestMs < limit) {
      limit = this.#phaseAt + requestMs;
      fault = SLOW;
    } else if (this.#phase === "waiting" && this.#phaseAt + maxWaitMs < limit) {
      limit = this.#phaseAt + maxWaitMs;
      fault = WAITED;
    } else if (this.#phase === "answered") {
      limit = this.#phaseAt + responseMs;
    }
    const left = limit - this.#host.timers.now();
    if (left > 0) return this.#wakeIn(left);
    if (this.#phase === "answered") {
      // CANCEL, since NO_ERROR would wait for an answer that the peer's flow control holds back.
      if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_CANCEL);
      return;
    }
    this.#refuse(fault);
    this.#wakeIn(responseMs);
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#phaseAt = this.#host.timers.now();
  }

  #names(): { readonly service: string; readonly method: string } {
    return { service: this.#served?.serviceName ?? "unknown", method: this.#served?.name ?? "unknown" };
  }
}
