import { verifyChain } from "@talos-bridge/pki";
import { kmsEndpointFindings } from "@talos-bridge/secrets-bundle";
import { chainProblem } from "../chain-problem.ts";
import type { Problem } from "../finding-table.ts";
import { check, failureOf, fault, serverProblems, skipped, until, type Check } from "./check.ts";
import type { Facts, KmsFact } from "./facts.ts";

/** Whether nodes could seal and unseal their disk keys, at boot too. */
export function kmsChecks(facts: Facts): readonly Check[] {
  return facts.kms.flatMap((kms) => [
    addressCheck(kms, facts),
    ...stateCheck(kms, facts),
    roundTripCheck(kms),
  ]);
}

function addressCheck(kms: KmsFact, facts: Facts): Check {
  const { url, tls, inFile } = kms;
  const subject = `KMS ${url}`;
  // Of an address in a file the file's own check has told.
  const written = inFile ? [] : kmsEndpointFindings(url, "");
  const problems = written.map(({ code: id, severity, message }): Problem => ({
    id,
    severity,
    message: `${url}: ${message}`,
  }));
  if (tls === undefined) {
    return inFile
      ? skipped(subject, "it is plaintext, as told above")
      : check(subject, "plaintext", problems);
  }
  const says = tls.ok ? `${tls.protocol}, ${until(tls.leaf)}` : "";
  return check(subject, says, [...problems, ...kmsServerProblems(kms, facts)]);
}

/** What is wrong with the certificate of a KMS, for a node that has read its machine configuration. */
export function kmsServerProblems(
  { endpoint, tls }: Pick<KmsFact, "endpoint" | "tls">,
  facts: Pick<Facts, "now" | "expiringWithinMs" | "kmsCas" | "imageCas">,
): readonly Problem[] {
  if (tls === undefined) return [];
  return serverProblems(tls, {
    ...facts,
    roots: [...facts.kmsCas, ...facts.imageCas],
    endpoint,
    nameFix: `issue the certificate of the KMS for ${endpoint.host}`,
  });
}

function stateCheck(kms: KmsFact, facts: Facts): readonly Check[] {
  const { url, forState, tls } = kms;
  if (!forState || tls === undefined || !tls.ok) return [];
  const subject = `STATE with ${url}`;
  const { leaf, intermediates } = tls;
  const { now, imageCas: roots } = facts;
  const problem = chainProblem(verifyChain({ leaf, intermediates, roots, now, usage: "serverAuth" }));
  if (problem === undefined || (problem.id !== "unknown-authority" && problem.id !== "other-key")) {
    return [check(subject, "its CA is one of the image's")];
  }
  const message = `${problem.message}: a node that boots knows the CAs of its image alone`;
  return [check(subject, "", [fault("kms-state-trust", message)])];
}

function roundTripCheck({ url, roundTrip, tls }: KmsFact): Check {
  const subject = `round trip with ${url}`;
  if (roundTrip === undefined) {
    const good = tls === undefined || tls.ok;
    return skipped(
      subject,
      good
        ? "it needs a trusted KMS, and --node-uuid: the key it makes stays in Vault"
        : "there is no connection",
    );
  }
  if (!roundTrip.ok) return check(subject, "", [failureOf(roundTrip)]);
  return check(subject, `sealed in ${roundTrip.sealMs} ms, unsealed in ${roundTrip.unsealMs} ms`);
}
