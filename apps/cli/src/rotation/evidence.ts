import { readCertificates, verifyChain, type Certificate } from "@talos-bridge/pki";
import type { SeenSigner, Sights } from "./sight.ts";
import { hostOf } from "./stage-files.ts";
import { STAGE_PLANS, type Stage, type Which } from "./stage.ts";
import type { RotationState } from "./state.ts";

/** One thing that must be so before a stage is left. */
export interface Evidence {
  /** `HOST:PORT`. */
  readonly of: string;
  readonly kind: "signer" | "node";
  /** What must be so. */
  readonly what: string;
  readonly ok: boolean;
  /** Why it is not; "" where it is. */
  readonly missing: string;
}

/** The CAs of a rotation, as they are compared. */
export type Authorities = Readonly<Record<Which, Certificate>>;

/** Throws {@link PkiError} for text that is no certificate; a state that was read holds two. */
export function authoritiesOf({ oldCertificate, newCa }: RotationState): Authorities {
  const [old] = readCertificates(oldCertificate);
  const [next] = readCertificates(newCa.certificate);
  if (old === undefined || next === undefined) throw new Error("the state holds no certificates");
  return { old, new: next };
}

/** All that a stage asks for, signers first: whether it is so by one look. */
export function evidenceOf(
  stage: Stage,
  state: RotationState,
  sights: Sights,
  now: Date,
): readonly Evidence[] {
  const cas = authoritiesOf(state);
  return [
    ...state.signers.flatMap((of) => signerEvidence(of, stage, cas, sights.signers.get(of), now)),
    ...state.nodes.flatMap((of) => [
      patchEvidence(of, stage, state),
      ...nodeEvidence(of, stage, cas, sights, now),
    ]),
  ];
}

type Row = readonly [what: string, missing: string | undefined];

function rows(of: string, kind: Evidence["kind"], list: readonly Row[]): readonly Evidence[] {
  return list.map(([what, missing]) => ({
    of,
    kind,
    what,
    ok: missing === undefined,
    missing: missing ?? "",
  }));
}

function signerEvidence(
  of: string,
  stage: Stage,
  cas: Authorities,
  sight: SeenSigner | string | undefined = "not looked at",
  now: Date,
): readonly Evidence[] {
  const { issuing, accepted } = STAGE_PLANS[stage].signer;
  const issues = `issues with the ${issuing} CA`;
  const tells = `tells workers to trust the ${accepted.join(" CA, then the ")} CA`;
  const serves = `serves with a certificate of the ${issuing} CA`;
  // While both are trusted either will do, and its turn comes with the next stage.
  const wanted = stage === "accept" ? [issues, tells] : [issues, tells, serves];
  if (typeof sight === "string")
    return rows(
      of,
      "signer",
      wanted.map((what) => [what, sight]),
    );
  const found: Readonly<Record<string, string | undefined>> = {
    [issues]: chainFault([sight.leaf], cas[issuing], now),
    [tells]: sameList(sight.accepted, accepted, cas) ? undefined : `it tells: ${named(sight.accepted, cas)}`,
    // By its name: a worker's certificate is a server's of the same CA, and could stand in between.
    [serves]: chainFault(sight.chain, cas[issuing], now, hostOf(of)),
  };
  return rows(
    of,
    "signer",
    wanted.map((what) => [what, found[what]]),
  );
}

function patchEvidence(of: string, stage: Stage, { patched }: RotationState): Evidence {
  const done = patched.some((each) => each.node === of && each.stage === stage && each.done);
  const missing = done ? undefined : "not known to be: --apply does it, --patched says that it was done";
  const [row] = rows(of, "node", [["has the patch of this stage", missing]]);
  if (row === undefined) throw new Error("one row in, one row out");
  return row;
}

function nodeEvidence(
  of: string,
  stage: Stage,
  cas: Authorities,
  { nodes, signedSerials }: Sights,
  now: Date,
): readonly Evidence[] {
  const sight = nodes.get(of) ?? "not looked at";
  const { issuing } = STAGE_PLANS[stage].signer;
  const serves = `serves with a certificate of the ${issuing} CA`;
  const acceptsNew = "lets in clients of the new CA";
  const refusesOld = "refuses clients of the old CA";
  const audited = "serves with a certificate that is in the signer's audit";
  const wanted = [
    serves,
    acceptsNew,
    ...(stage === "forget" ? [refusesOld] : []),
    ...(signedSerials === undefined ? [] : [audited]),
  ];
  if (typeof sight === "string")
    return rows(
      of,
      "node",
      wanted.map((what) => [what, sight]),
    );
  const [leaf] = sight.chain;
  const found: Readonly<Record<string, string | undefined>> = {
    [serves]: chainFault(sight.chain, cas[issuing], now, hostOf(of)),
    [acceptsNew]: sight.accepts.new ? undefined : "it refuses them: it has not renewed in this stage yet",
    [refusesOld]: sight.accepts.old ? "it lets them in: it has not renewed in this stage yet" : undefined,
    [audited]:
      leaf !== undefined && signedSerials?.has(leaf.serialNumber) === true ? undefined : "no such line",
  };
  return rows(
    of,
    "node",
    wanted.map((what) => [what, found[what]]),
  );
}

function chainFault(
  chain: readonly Certificate[],
  root: Certificate,
  now: Date,
  name?: string,
): string | undefined {
  const [leaf, ...intermediates] = chain;
  if (leaf === undefined) return "it shows no certificate";
  const verdict = verifyChain({
    leaf,
    intermediates,
    roots: [root],
    now,
    usage: "serverAuth",
    ...(name !== undefined && { name }),
  });
  return verdict.ok ? undefined : verdict.message;
}

function sameList(found: readonly Certificate[], wanted: readonly Which[], cas: Authorities): boolean {
  return found.length === wanted.length && wanted.every((which, index) => isSame(found[index], cas[which]));
}

function named(found: readonly Certificate[], cas: Authorities): string {
  const names = found.map((each) =>
    isSame(each, cas.old) ? "the old CA" : isSame(each, cas.new) ? "the new CA" : "one that is neither",
  );
  return names.join(", ") || "none";
}

function isSame(a: Certificate | undefined, b: Certificate): boolean {
  return a !== undefined && Buffer.compare(a.der, b.der) === 0;
}

/** Whether everything is so. */
export function isComplete(evidence: readonly Evidence[]): boolean {
  return evidence.every(({ ok }) => ok);
}
