/** What can go wrong outside a call. */
export type GrpcServerErrorCode =
  /** Two services or methods with one path. */
  | "ERR_GRPC_SERVER_DUPLICATE_METHOD"
  /** `listen` twice, or after `drain` or `closeNow`. */
  | "ERR_GRPC_SERVER_STATE"
  /** The address can't be listened on; `cause` is the system's error. */
  | "ERR_GRPC_SERVER_LISTEN"
  /** Certificate and key can't be used for TLS. */
  | "ERR_GRPC_SERVER_TLS"
  /** A watched file is no regular file, or too large. */
  | "ERR_GRPC_SERVER_FILE";

export class GrpcServerError extends Error {
  override readonly name = "GrpcServerError";
  readonly code: GrpcServerErrorCode;

  constructor(code: GrpcServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
