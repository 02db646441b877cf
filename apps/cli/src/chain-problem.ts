import type { ChainFault, ChainVerdict } from "@talos-bridge/pki";
import type { FindingId, Problem } from "./finding-table.ts";

const ID: Readonly<Record<ChainFault, FindingId>> = {
  expired: "expired",
  "not yet valid": "not-yet-valid",
  "unknown authority": "unknown-authority",
  "same name, other key": "other-key",
  "missing server-auth usage": "no-server-auth",
  "missing client-auth usage": "no-client-auth",
  "wrong name": "wrong-name",
  "not a CA": "not-a-ca",
  "CA without keyCertSign": "not-a-ca",
  "weak key": "weak-key",
  "weak signature": "weak-signature",
  "path length exceeded": "path-length",
  "unsupported extension": "unsupported-extension",
};

/** Why a chain is refused, as it is shown; undefined where it is not. */
export function chainProblem(verdict: ChainVerdict): Problem | undefined {
  return verdict.ok ? undefined : { id: ID[verdict.reason], severity: "error", message: verdict.message };
}
