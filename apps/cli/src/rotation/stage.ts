/** The two CAs of a rotation. */
export type Which = "old" | "new";

/** Where a rotation stands: each stage is left only once every node and every signer shows that it has arrived there. */
export type Stage = "accept" | "issue" | "forget";

export const STAGES: readonly Stage[] = ["accept", "issue", "forget"];

/** What a stage sets. Lists are in the order in which they are written. */
export interface StagePlan {
  readonly number: number;
  /** For people. */
  readonly title: string;
  readonly signer: {
    /** Signs workers' requests, and the serving certificate of a signer that issues its own. */
    readonly issuing: Which;
    /** `ca` of the answers. The issuing one is the last: a worker makes its next key after it. */
    readonly accepted: readonly Which[];
  };
  /** `machine.ca` and `machine.acceptedCAs` of a worker: what it verifies signers with. */
  readonly node: { readonly ca: Which; readonly accepted: readonly Which[] };
  /** What people reach nodes with: whose client certificate, trusting whom. */
  readonly talosconfig: { readonly client: Which; readonly trusted: readonly Which[] };
}

/**
 * The stages as Talos's own rotation has them (siderolabs/talos pkg/rotate/pki/talos/talos.go). Between two neighbours any mix
 * of nodes, signers and people holds together: whoever verifies trusts both CAs before anything is signed by the other one,
 * and until nothing is.
 */
export const STAGE_PLANS: Readonly<Record<Stage, StagePlan>> = {
  accept: {
    number: 1,
    title: "everybody accepts the new CA",
    signer: { issuing: "old", accepted: ["new", "old"] },
    node: { ca: "old", accepted: ["new"] },
    talosconfig: { client: "old", trusted: ["old", "new"] },
  },
  issue: {
    number: 2,
    title: "the new CA issues",
    signer: { issuing: "new", accepted: ["old", "new"] },
    node: { ca: "new", accepted: ["old"] },
    talosconfig: { client: "new", trusted: ["old", "new"] },
  },
  forget: {
    number: 3,
    title: "the old CA is forgotten",
    signer: { issuing: "new", accepted: ["new"] },
    node: { ca: "new", accepted: [] },
    talosconfig: { client: "new", trusted: ["new"] },
  },
};

/** Folder of a stage's files. */
export function stageFolder(stage: Stage): string {
  return `stage-${STAGE_PLANS[stage].number}-${stage}`;
}

export function nextStage(stage: Stage): Stage | undefined {
  return STAGES[STAGES.indexOf(stage) + 1];
}
