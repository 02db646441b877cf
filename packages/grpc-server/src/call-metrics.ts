import { Code } from "@connectrpc/connect";
import { codeName, type CloseReason, type ServerEvents } from "./events.ts";
import type { Metrics } from "./metrics.ts";

/** A method that is served. */
export interface ServedMethod {
  /** Full name of the service, such as `grpc.health.v1.Health`. */
  readonly service: string;
  readonly method: string;
}

const CODES = [0 as const, ...Object.values(Code).filter((code) => typeof code === "number")];
const LABELS = ["grpc_type", "grpc_service", "grpc_method"];
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

  const labelsByPath = new Map<string, Record<string, string>>();
  const unknown = labelsOf(UNKNOWN);
  for (const each of [...served, UNKNOWN]) {
    const labels = labelsOf(each);
    labelsByPath.set(pathOf(each), labels);
    started.inc(labels, 0);
    for (const code of CODES) handled.inc({ ...labels, grpc_code: codeName(code) }, 0);
  }
  const labelsFor = (call: ServedMethod): Record<string, string> => labelsByPath.get(pathOf(call)) ?? unknown;
  open.set(0);

  return {
    callStarted: (call) => started.inc(labelsFor(call)),
    callEnded(call) {
      const labels = labelsFor(call);
      handled.inc({ ...labels, grpc_code: codeName(call.code) });
      seconds.observe(call.durationMs / 1000, labels);
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

function labelsOf({ service, method }: ServedMethod): Record<string, string> {
  return { grpc_type: "unary", grpc_service: service, grpc_method: method };
}

function pathOf({ service, method }: ServedMethod): string {
  return `${service}/${method}`;
}
