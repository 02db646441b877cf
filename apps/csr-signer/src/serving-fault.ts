import { verifyChain, type Certificate } from "@talos-bridge/pki";
import type { Serving } from "./serving.ts";

/** Why workers that trust `accepted` could not use this serving certificate now; `undefined` = they can. */
export function servingFault(
  serving: Serving,
  accepted: readonly Certificate[],
  now: Date,
): string | undefined {
  const [leaf, ...intermediates] = serving.chain;
  if (leaf === undefined) return "holds no certificate";
  const verdict = verifyChain({ leaf, intermediates, roots: accepted, now, usage: "serverAuth" });
  return verdict.ok
    ? undefined
    : `the serving certificate can't be used: ${verdict.reason}: ${verdict.message}`;
}
