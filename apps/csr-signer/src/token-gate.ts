import { Code } from "@connectrpc/connect";
import type { GateDecision, HeaderGate, Peer } from "@talos-bridge/grpc-server";
import { readTokenHeader, type FailureLimiter, type TokenVerifier } from "@talos-bridge/token-auth";
import { ACCESS } from "./access.ts";

export interface TokenGateOptions {
  /** The verifier in force now: it changes when the token file does. */
  readonly verifier: () => TokenVerifier;
  readonly failures: FailureLimiter;
  /** Told each refusal; the reason is a stable word, never the token. */
  readonly onRefused: (refusal: { method: string; peer: Peer; code: Code; reason: string }) => void;
}

/**
 * Decides on the headers alone, before any of the body is read. As trustd does, the token travels in the metadata
 * key `token` (siderolabs/talos pkg/grpc/middleware/auth/basic); unlike it, exactly one value is taken.
 */
export function createTokenGate({ verifier, failures, onRefused }: TokenGateOptions): HeaderGate {
  return (method, rawHeaders, peer) => {
    const refuse = (code: Code, message: string, reason: string): GateDecision => {
      onRefused({ method, peer, code, reason });
      return { allow: false, code, message, reason };
    };
    const access = ACCESS.get(method);
    if (access === undefined) return refuse(Code.Unimplemented, "unknown method", "unknown-method");
    if (access === "open") return { allow: true, countsAsAuthenticated: false };
    if (!failures.allows(peer.address)) {
      return refuse(Code.ResourceExhausted, "too many failed calls from this address", "failure-limit");
    }
    const header = readTokenHeader(rawHeaders);
    const id = header.ok ? verifier().verify(header.token) : undefined;
    if (id === undefined) {
      failures.failed(peer.address);
      return refuse(
        Code.Unauthenticated,
        "invalid token",
        header.ok ? "token-wrong" : `token-${header.reason}`,
      );
    }
    return { allow: true, countsAsAuthenticated: true, principal: id };
  };
}
