import { createCallMetrics, type ServedMethod } from "./call-metrics.ts";
import type { ServerEvents } from "./events.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** Counts calls and connections, see {@link createCallMetrics}, and logs what nobody foresaw: the caller is told INTERNAL alone. */
export function createServerEvents(
  metrics: Metrics,
  log: Log,
  served: readonly ServedMethod[],
): ServerEvents {
  const counted = createCallMetrics(metrics, served);
  return {
    ...counted,
    internalError(error, where) {
      counted.internalError?.(error, where);
      log.error("internal error", { ...where, error });
    },
  };
}
