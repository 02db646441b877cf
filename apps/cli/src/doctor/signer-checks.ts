import { verifyChain, type Certificate } from "@talos-bridge/pki";
import { hostAndPort } from "../endpoint.ts";
import { check, failureOf, fault, serverProblems, skipped, until, type Check } from "./check.ts";
import type { Facts, SignerFact, SigningFact } from "./facts.ts";

/** Signers back-date by a minute at most; this much more is bad clocks. */
const SKEW_MS = 5 * 60_000;

/** Whether a worker would get a certificate, and could go on with what comes with it. */
export function signerChecks(facts: Facts): readonly Check[] {
  const { signer } = facts;
  if (signer === undefined) return [];
  return [servingCheck(signer, facts), ...signingChecks(signer, facts)];
}

function servingCheck({ endpoint, tls }: SignerFact, facts: Facts): Check {
  const { host } = endpoint;
  const problems = serverProblems(tls, {
    ...facts,
    roots: facts.talosCas,
    endpoint,
    nameFix: `add ${host} to the serving certificate: to ipAddresses or dnsNames of its Certificate, or SERVER_IPS=${host} where the signer issues its own`,
  });
  return check(
    `signer ${hostAndPort(endpoint)}`,
    tls.ok ? `${tls.protocol}, ${until(tls.leaf)}` : "",
    problems,
  );
}

function signingChecks({ signing, tls }: SignerFact, facts: Facts): readonly Check[] {
  if (signing === undefined) {
    const why = !tls.ok ? "there is no connection" : "it needs a trusted signer, a CA and a token";
    return [skipped("join", why)];
  }
  if (!signing.ok) return [check("join", "", [failureOf(signing)])];
  return [
    check("join", `a request was signed in ${signing.ms} ms`),
    acceptedCheck(signing, facts),
    clockCheck(signing, facts.now),
  ];
}

type Signed = Extract<SigningFact, { ok: true }>;

function acceptedCheck({ leaf, roots }: Signed, { ownCa, now }: Facts): Check {
  const subject = "accepted CAs";
  const count = `${roots.length} CA${roots.length === 1 ? "" : "s"}`;
  // Within the certificate's own time: clocks are the next check's.
  const at = new Date(Math.min(Math.max(now.getTime(), leaf.notBefore.getTime()), leaf.notAfter.getTime()));
  const verdict = verifyChain({ leaf, roots: roots.slice(-1), now: at, usage: "serverAuth" });
  if (!verdict.ok) {
    const message = `the signer returns ${count}, and the last of them does not verify what it signed: ${verdict.message}`;
    return check(subject, "", [fault("signer-answer", message)]);
  }
  if (ownCa !== undefined && !roots.some((root) => same(root, ownCa))) {
    const message = `the signer returns ${count}, and this cluster's is not among them`;
    return check(subject, "", [fault("accepted-cas", message)]);
  }
  return check(subject, `${count}, the last of them issues`);
}

function clockCheck({ leaf }: Signed, now: Date): Check {
  const behind = now.getTime() - leaf.notBefore.getTime();
  const subject = "clocks";
  if (behind >= 0 && behind <= SKEW_MS) return check(subject, "the signer's and this machine's agree");
  const minutes = Math.ceil(Math.abs(behind) / 60_000);
  const message = `the signer's clock is about ${minutes} min ${behind < 0 ? "ahead of" : "behind"} this machine's`;
  return check(subject, "", [fault("clock-skew", message)]);
}

function same(a: Certificate, b: Certificate): boolean {
  return Buffer.compare(a.der, b.der) === 0;
}
