import { verifyChain } from "@talos-bridge/pki";
import { chainProblem } from "../chain-problem.ts";
import { check, until, type Check } from "./check.ts";
import type { Facts } from "./facts.ts";

/** The files by themselves, and whether the talosconfig's client is one of this cluster. */
export function fileChecks(facts: Facts): readonly Check[] {
  return [
    ...facts.files.map(({ what, path, problems }) => check(`${what} ${path}`, "in order", problems)),
    ...clientCheck(facts),
  ];
}

function clientCheck({ client, ownCa, now }: Facts): readonly Check[] {
  if (client === undefined || ownCa === undefined) return [];
  const { leaf, intermediates, context } = client;
  const problem = chainProblem(
    verifyChain({ leaf, intermediates, roots: [ownCa], now, usage: "clientAuth" }),
  );
  // What is wrong with the certificate itself, the file's own check has told.
  const ofCluster =
    problem === undefined || (problem.id !== "unknown-authority" && problem.id !== "other-key");
  return [
    check(`client of context ${context}`, `${leaf.subject}, ${until(leaf)}`, ofCluster ? [] : [problem]),
  ];
}
