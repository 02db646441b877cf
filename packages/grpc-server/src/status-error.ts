import type { Code, ConnectError } from "@connectrpc/connect";

/**
 * A ConnectError that carries a status alone: code and text, and no metadata until somebody asks for it.
 *
 * connect's own makes a `Headers` for each error, and the first `Headers` of a process loads Node's fetch: 17 MiB resident and
 * 50 ms, which a server of gRPC has no use for. `instanceof ConnectError` holds for this one as well: connect knows its
 * errors by their shape.
 */
export class StatusError extends Error implements ConnectError {
  override name = "ConnectError";
  override cause: unknown;
  readonly code: Code;
  readonly rawMessage: string;
  readonly details: ConnectError["details"] = [];
  readonly isWireError = false;
  #metadata: Headers | undefined;

  /** `message` is shown to the caller. `cause` stays here. */
  constructor(message: string, code: Code, cause?: unknown) {
    super(message);
    this.rawMessage = message;
    this.code = code;
    this.cause = cause;
  }

  get metadata(): Headers {
    return (this.#metadata ??= new Headers());
  }

  /** Whether nothing but code and text can be in it. */
  get isBare(): boolean {
    return this.#metadata === undefined && this.details.length === 0;
  }

  findDetails(): [] {
    return [];
  }
}
