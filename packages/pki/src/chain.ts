import { maySign, hasAllowedSignature, sameBytes, signedBy } from "./certificate-signature.ts";
import type { Certificate } from "./certificate.ts";
import { hasName, namesOf } from "./host-name.ts";
import { OID } from "./oids.ts";

/** Why a chain can't be used. Which certificate is at fault is told beside it. */
export type ChainFault =
  | "not yet valid"
  | "expired"
  | "missing server-auth usage"
  | "missing client-auth usage"
  | "wrong name"
  // No certificate given has the name of the issuer.
  | "unknown authority"
  // One has the name, and its key did not sign: files of two clusters, or of before and after a rotation.
  | "same name, other key"
  | "not a CA"
  | "CA without keyCertSign"
  | "weak key"
  | "weak signature"
  | "path length exceeded"
  // A critical extension that is not understood, or name constraints, which are not worked out here.
  | "unsupported extension";

export type ChainVerdict =
  /** From the leaf to the root that is trusted. */
  | { readonly ok: true; readonly chain: readonly Certificate[] }
  | {
      readonly ok: false;
      readonly reason: ChainFault;
      /** For people: names, times and which certificate, without control characters. */
      readonly message: string;
      /** The one at fault; undefined where it could not even be read. */
      readonly certificate: Certificate | undefined;
    };

export interface ChainQuestion {
  readonly leaf: Certificate;
  /** Any order; more than are needed do no harm. */
  readonly intermediates?: readonly Certificate[];
  readonly roots: readonly Certificate[];
  readonly now: Date;
  readonly usage: "serverAuth" | "clientAuth";
  /** DNS name or IP address that the leaf must be valid for, by its alternative names; not looked at if not given. */
  readonly name?: string;
}

const MAX_LENGTH = 6;
// Certificates that all carry one name make the paths many: Go gives up after as many.
const MAX_SIGNATURE_CHECKS = 100;

/**
 * Whether a peer that trusts `roots` accepts `leaf` at `now` for this usage, by signatures, names, validity, usages, CA flags
 * and path lengths (RFC 5280 §6.1), all CAs and the root included, as Go's crypto/x509 has it. Policies and revocation are not
 * looked at: Talos's PKI has none.
 *
 * Of several reasons the one nearest to a good chain is told.
 */
export function verifyChain(question: ChainQuestion): ChainVerdict {
  return leafFault(question) ?? climb([question.leaf], question, { signatureChecks: 0 });
}

type Fault = Extract<ChainVerdict, { ok: false }>;

function fault(reason: ChainFault, certificate: Certificate, what: string): Fault {
  const name = certificate.subject === "" ? "" : ` ${certificate.subject}`;
  return { ok: false, reason, message: `the certificate${name} ${what}`, certificate };
}

function leafFault({ leaf, now, usage, name }: ChainQuestion): Fault | undefined {
  const found = ownFault(leaf, now, usage);
  if (found !== undefined || name === undefined || hasName(leaf, name)) return found;
  return fault("wrong name", leaf, `is valid for ${namesOf(leaf)}, and not for ${JSON.stringify(name)}`);
}

/** What makes a certificate unusable wherever it stands in a chain. */
function ownFault(certificate: Certificate, now: Date, usage: ChainQuestion["usage"]): Fault | undefined {
  const { notBefore, notAfter, extendedKeyUsage, unhandledCritical } = certificate;
  if (now < notBefore) {
    return fault("not yet valid", certificate, `is valid from ${notBefore.toISOString()} on`);
  }
  if (now > notAfter) return fault("expired", certificate, `expired on ${notAfter.toISOString()}`);
  const wanted: readonly string[] = [OID[usage], OID.anyExtendedKeyUsage];
  if (extendedKeyUsage !== undefined && !extendedKeyUsage.some((id) => wanted.includes(id))) {
    return usage === "serverAuth"
      ? fault("missing server-auth usage", certificate, "may not be used by a server")
      : fault("missing client-auth usage", certificate, "may not be used by a client");
  }
  if (unhandledCritical.length > 0) {
    const what = `has the critical extension ${unhandledCritical.join(", ")}, which is not understood`;
    return fault("unsupported extension", certificate, what);
  }
  return undefined;
}

function climb(
  chain: readonly [Certificate, ...Certificate[]],
  question: ChainQuestion,
  budget: { signatureChecks: number },
): ChainVerdict {
  const { roots, intermediates = [] } = question;
  const top = chain.at(-1) ?? chain[0];
  if (includes(roots, top)) return { ok: true, chain };
  const candidates = [...roots, ...intermediates].filter(
    (each) => sameBytes(each.subjectDer, top.issuerDer) && !includes(chain, each),
  );
  if (candidates.length === 0) return noIssuer(top);
  if (chain.length === MAX_LENGTH)
    return fault("path length exceeded", top, "is too far from the leaf: the chain is too long");
  let told: Fault | undefined;
  for (const issuer of candidates) {
    const verdict =
      issuerFault(issuer, chain, question, budget) ?? climb([...chain, issuer], question, budget);
    if (verdict.ok) return verdict;
    if (told === undefined || TELLING[verdict.reason] > TELLING[told.reason]) told = verdict;
  }
  return told ?? noIssuer(top);
}

const TELLING: Readonly<Record<ChainFault, number>> = {
  "same name, other key": 0,
  "unknown authority": 1,
  "weak signature": 2,
  "not a CA": 3,
  "CA without keyCertSign": 3,
  "missing server-auth usage": 3,
  "missing client-auth usage": 3,
  "path length exceeded": 3,
  "unsupported extension": 3,
  "not yet valid": 4,
  expired: 4,
  // Never of an issuer.
  "wrong name": 0,
  "weak key": 0,
};

function noIssuer(top: Certificate): Fault {
  const selfSigned = sameBytes(top.subjectDer, top.issuerDer);
  const what = selfSigned
    ? "is signed by itself and not among those trusted"
    : `was issued by ${top.issuer || "an authority without a name"}, which is not among those trusted`;
  return fault("unknown authority", top, what);
}

/** Why `issuer` did not, or may not, issue the top of the chain; undefined = it did and may. */
function issuerFault(
  issuer: Certificate,
  chain: readonly [Certificate, ...Certificate[]],
  { now, usage }: ChainQuestion,
  budget: { signatureChecks: number },
): Fault | undefined {
  const top = chain.at(-1) ?? chain[0];
  if (!hasAllowedSignature(top))
    return fault("weak signature", top, "is signed with an algorithm that is not allowed");
  if (++budget.signatureChecks > MAX_SIGNATURE_CHECKS)
    return fault("unknown authority", top, "has too many possible issuers");
  if (!signedBy(top, issuer)) {
    const other = `was signed with another key than that of ${issuer.subject || "the authority without a name"}`;
    const what = `${other}, or was changed: files of two clusters, or of before and after a rotation?`;
    return fault("same name, other key", top, what);
  }
  if (!issuer.isCa) return fault("not a CA", issuer, "is not a CA");
  if (!maySign(issuer)) {
    return fault("CA without keyCertSign", issuer, "has a key usage without keyCertSign");
  }
  const { pathLength = Number.POSITIVE_INFINITY } = issuer;
  const below = chain.length - 1;
  if (below > pathLength) {
    return fault("path length exceeded", issuer, `allows ${pathLength} CAs below it, and has ${below}`);
  }
  if (issuer.nameConstraints) {
    return fault("unsupported extension", issuer, "has name constraints, which are not worked out here");
  }
  return ownFault(issuer, now, usage);
}

function includes(certificates: readonly Certificate[], wanted: Certificate): boolean {
  return certificates.some(({ der }) => sameBytes(der, wanted.der));
}
