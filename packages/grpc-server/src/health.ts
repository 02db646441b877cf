import { Code, type ServiceImplSpec } from "@connectrpc/connect";
import { Health, HealthCheckResponse_ServingStatus as Status } from "@talos-bridge/api";
import { bindService } from "./bind-service.ts";
import { StatusError } from "./status-error.ts";

/**
 * grpc.health.v1.Health, Check alone: Watch is a streaming method and so Unimplemented.
 *
 * `services` are the full names that may be asked for beside "", the server as a whole. `serving` is asked on each
 * check. An unknown name is NOT_FOUND, as the protocol wants.
 */
export function createHealth(options: {
  readonly services: readonly string[];
  readonly serving: (service: string) => boolean;
}): ServiceImplSpec {
  const known = new Set(["", ...options.services]);
  return bindService(Health, {
    check({ service }) {
      if (!known.has(service)) throw new StatusError("unknown service", Code.NotFound);
      return { status: options.serving(service) ? Status.SERVING : Status.NOT_SERVING };
    },
  });
}
