import { LeaderError } from "./errors.ts";

/** In milliseconds. */
export interface LeaseDurations {
  /** How long candidates wait after they last saw the lease change before they take it; rounded up to whole seconds. */
  readonly leaseDuration: number;
  /** How long after its last successful renewal a leader counts itself as one. */
  readonly renewDeadline: number;
  /** Between two attempts; candidates wait up to 2.2 times as long, at random. */
  readonly retryPeriod: number;
}

/** Candidates wait `retryPeriod` and up to this many times more, so that they do not all ask at once. */
export const JITTER_FACTOR = 1.2;

/** A lease counts whole seconds as a signed 32-bit number. */
const MAX_SECONDS = 2_147_483_647;

/**
 * Client-go's rules (`tools/leaderelection`, NewLeaderElector): leaseDuration > renewDeadline > retryPeriod × 1.2, each
 * above 0. The room between the first two is what clocks of different speed and a paused process may use up.
 *
 * @throws LeaderError `ERR_LEADER_DURATIONS`, naming the relation
 */
export function checkDurations({ leaseDuration, renewDeadline, retryPeriod }: LeaseDurations): void {
  const fault = !(retryPeriod > 0)
    ? "the retry period must be above 0"
    : !(renewDeadline > retryPeriod * JITTER_FACTOR)
      ? `the renew deadline must be above ${JITTER_FACTOR} times the retry period`
      : !(leaseDuration > renewDeadline)
        ? "the lease duration must be above the renew deadline"
        : !(leaseDuration / 1_000 <= MAX_SECONDS)
          ? "the lease duration is too long"
          : undefined;
  if (fault !== undefined) throw new LeaderError("ERR_LEADER_DURATIONS", fault);
}
