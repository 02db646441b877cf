/**
 * - `ERR_LEADER_DURATIONS`: durations that contradict each other
 * - `ERR_LEADER_NAME`: an identity, lease name or namespace that is none
 * - `ERR_LEADER_CONFLICT`: somebody else wrote the lease first
 * - `ERR_LEADER_FORBIDDEN`: the API refuses the credentials (401) or the request (403)
 * - `ERR_LEADER_API`: the API could not be reached, or answered with another status
 * - `ERR_LEADER_ANSWER`: the API's answer is no Lease
 * - `ERR_LEADER_TIMEOUT`: an attempt took too long
 */
export type LeaderErrorCode =
  | "ERR_LEADER_DURATIONS"
  | "ERR_LEADER_NAME"
  | "ERR_LEADER_CONFLICT"
  | "ERR_LEADER_FORBIDDEN"
  | "ERR_LEADER_API"
  | "ERR_LEADER_ANSWER"
  | "ERR_LEADER_TIMEOUT";

/** The one error of this package. */
export class LeaderError extends Error {
  override readonly name = "LeaderError";
  readonly code: LeaderErrorCode;

  constructor(code: LeaderErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function isConflict(error: unknown): boolean {
  return error instanceof LeaderError && error.code === "ERR_LEADER_CONFLICT";
}
