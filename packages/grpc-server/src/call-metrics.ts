import { Code } from "@connectrpc/connect";
import { codeName, type CallCode, type CloseReason, type ServerEvents } from "./events.ts";
import type { Labels, Metrics } from "./metrics.ts";

/** A method that is served. */
export interface ServedMethod {
  /** Full name of the service, such as `grpc.health.v1.Health`. */
  readonly service: string;
  readonly method: string;
}

const CODES = [0 as const, ...Object.values(Code).filter((code) => typeof code === "number")];
const LABELS = ["grpc_type", "grpc_service", "grpc_method"];
/** What is counted of one method. */
interface CountedMethod {
  readonly labels: Labels;
  readonly started: () => void;
  readonly handled: ReadonlyMap<CallCode, () => void>;
}

const UNKNOWN: ServedMethod = { service: "unknown", method: "unknown" };

/**
 * Counts calls and connections. Calls have the names and labels of go-grpc-prometheus (and etcd's dashboards):
 * `grpc_server_started_total`, `grpc_server_handled_total`, `grpc_server_handling_seconds`. Every served method is
 * there from the start with 0, so that a rate sees the first failure; whatever else a peer asks for is counted as the
 * one method `unknown` of the service `unknown`.
 */
export function createCallMetrics(metrics: Metrics, served: readonly ServedMethod[]): ServerEvents {
  const started = metrics.counter("grpc_server_started_total", "Calls started.", LABELS);
  const handled = metrics.counter("grpc_server_handled_total", "Calls ended, by code.", [
    ...LABELS,
    "grpc_code",
  ]);
  const seconds = metrics.histogram("grpc_server_handling_seconds", "Duration of calls in seconds.", LABELS);
  const open = metrics.gauge("talos_bridge_connections", "Open connections.");
  const opened = metrics.counter("talos_bridge_connections_opened_total", "Connections accepted.");
  const closed = metrics.counter("talos_bridge_connections_closed_total", "Connections ended, by reason.", [
    "reason",
  ]);
  const refused = metrics.counter(
    "talos_bridge_connections_refused_total",
    "Connections dropped at once, by the limit that was reached.",
    ["reason"],
  );
  const failed = metrics.counter(
    "talos_bridge_accept_failures_total",
    "Connections the system did not hand over.",
  );
  const internal = metrics.counter(
    "talos_bridge_internal_errors_total",
    "Unexpected errors, answered with INTERNAL.",
  );

  const methodOf = ({ service, method }: ServedMethod): CountedMethod => {
    const labels = { grpc_type: "unary", grpc_service: service, grpc_method: method };
    const handledOf = (code: CallCode): (() => void) => handled.of({ ...labels, grpc_code: codeName(code) });
    return {
      labels,
      started: started.of(labels),
      handled: new Map(CODES.map((code) => [code, handledOf(code)])),
    };
  };
  const unknown = methodOf(UNKNOWN);
  const methods = new Map<string, Map<string, CountedMethod>>();
  for (const each of served) {
    const ofService = methods.get(each.service) ?? new Map<string, CountedMethod>();
    methods.set(each.service, ofService.set(each.method, methodOf(each)));
  }
  const find = ({ service, method }: ServedMethod): CountedMethod =>
    methods.get(service)?.get(method) ?? unknown;
  open.set(0);

  return {
    callStarted: (call) => find(call).started(),
    callEnded(call) {
      const method = find(call);
      // A handler may throw a number that is no code.
      (method.handled.get(call.code) ?? method.handled.get(Code.Unknown))?.();
      seconds.observe(call.durationMs / 1000, method.labels);
    },
    connectionOpened() {
      open.add(1);
      opened.inc();
    },
    connectionClosed({ reason }: { readonly reason: CloseReason }) {
      open.add(-1);
      closed.inc({ reason });
    },
    connectionRefused: ({ reason }) => refused.inc({ reason }),
    acceptFailed: () => failed.inc(),
    internalError: () => internal.inc(),
  };
}
