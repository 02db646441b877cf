import { verifyChain, type Certificate } from "@talos-bridge/pki";
import { chainProblem } from "../chain-problem.ts";
import { hostAndPort, type Endpoint } from "../endpoint.ts";
import type { FindingId, Problem } from "../finding-table.ts";
import type { Facts, Failure, TlsFact } from "./facts.ts";

/** One thing that was looked at. Good where there is no problem of severity `error`. */
export interface Check {
  /** What was looked at: `signer 10.0.0.1:50001`. */
  readonly subject: string;
  /** What was seen, where it is good. */
  readonly says: string;
  readonly problems: readonly Problem[];
  /** Why it was not looked at, where it was not. */
  readonly skipped?: string;
}

export function check(subject: string, says: string, problems: readonly Problem[] = []): Check {
  return { subject, says, problems };
}

export function skipped(subject: string, why: string): Check {
  return { subject, says: "", problems: [], skipped: why };
}

export function fault(id: FindingId, message: string, fix?: string): Problem {
  return { id, severity: "error", message, ...(fix !== undefined && { fix }) };
}

export function failureOf({ id, message }: Failure): Problem {
  return fault(id, message);
}

export interface ServerQuestion extends Pick<Facts, "now" | "expiringWithinMs"> {
  /** Undefined: nobody knows whom to trust; then names and times alone are looked at. */
  readonly roots: readonly Certificate[] | undefined;
  readonly endpoint: Endpoint;
  /** What helps where the name is missing. */
  readonly nameFix?: string;
}

/** What is wrong with a server's certificate for who connects to it by this name. */
export function serverProblems(tls: TlsFact, question: ServerQuestion): readonly Problem[] {
  const { now, endpoint, expiringWithinMs, nameFix } = question;
  if (!tls.ok) {
    const fix = `make ${hostAndPort(endpoint)} reachable from where the nodes are: Service or host port, firewall, load balancer`;
    return [tls.id === "unreachable" ? fault(tls.id, tls.message, fix) : failureOf(tls)];
  }
  const { leaf, intermediates } = tls;
  // With nobody to trust its own issuer stands for one: a chain of the leaf alone.
  const roots = question.roots ?? [leaf];
  const problem = chainProblem(
    verifyChain({ leaf, intermediates, roots, now, usage: "serverAuth", name: endpoint.host }),
  );
  if (problem === undefined) return expiring(leaf, now, expiringWithinMs);
  return [problem.id === "wrong-name" && nameFix !== undefined ? { ...problem, fix: nameFix } : problem];
}

/** Of a short life the last third alone counts: what lives for a day and renews itself always ends soon. */
export function expiring(
  { subject, notBefore, notAfter }: Certificate,
  now: Date,
  withinMs: number,
): readonly Problem[] {
  const remaining = notAfter.getTime() - now.getTime();
  const third = (notAfter.getTime() - notBefore.getTime()) / 3;
  if (remaining >= Math.min(withinMs, third)) return [];
  const message = `the certificate ${subject} expires on ${notAfter.toISOString()}`;
  return [{ id: "expiring", severity: "warning", message }];
}

export function until({ notAfter }: Certificate): string {
  return `valid until ${notAfter.toISOString().slice(0, 10)}`;
}
