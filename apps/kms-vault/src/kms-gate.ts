import { Code } from "@connectrpc/connect";
import { Health, KMSService } from "@talos-bridge/api";
import type { HeaderGate, Peer } from "@talos-bridge/grpc-server";
import type { CallerLimits } from "./caller-limits.ts";

/** Every method there is. Callers have no credentials: a method that is not listed is refused all the same. */
export const ACCESS: ReadonlyMap<string, "node" | "open"> = new Map([
  [`/${KMSService.typeName}/Seal`, "node"],
  [`/${KMSService.typeName}/Unseal`, "node"],
  [`/${Health.typeName}/Check`, "open"],
]);

const REFUSALS = {
  source: { code: Code.PermissionDenied, message: "calls from this address are not allowed" },
  "address-rate": { code: Code.ResourceExhausted, message: "too many calls from this address" },
} as const;

export interface KmsGateOptions {
  readonly callers: CallerLimits;
  readonly onRefused: (refusal: {
    readonly method: string;
    readonly peer: Peer;
    readonly code: Code;
    readonly reason: string;
  }) => void;
}

/** Lets nodes in by where they come from, where that is asked for; nothing else is known of them before their message. */
export function createKmsGate({ callers, onRefused }: KmsGateOptions): HeaderGate {
  return (method, _headers, peer) => {
    const access = ACCESS.get(method);
    if (access === "open") return { allow: true, countsAsAuthenticated: false };
    if (access === undefined) {
      return { allow: false, code: Code.Unimplemented, message: "unknown method", reason: "unknown-method" };
    }
    const reason = callers.refusesAddress(peer.address);
    if (reason === undefined) return { allow: true, countsAsAuthenticated: true };
    const { code, message } = REFUSALS[reason];
    onRefused({ method, peer, code, reason });
    return { allow: false, code, message, reason };
  };
}
