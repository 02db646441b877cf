import type { Act } from "../act-log.ts";
import type { FileMakers } from "./stage-files.ts";
import type { Evidence } from "./evidence.ts";
import type { Sights } from "./sight.ts";
import type { Stage } from "./stage.ts";
import type { Pair, RotationState } from "./state.ts";

/** Everything outside a rotation that it touches. What rejects ends the run; the next one takes up where it ended. */
export interface RotationPorts {
  readonly now: () => Date;
  /** Rejects where the time of the command is over, or it was interrupted. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly files: RotationFiles;
  /** Before the act is done. */
  readonly recordAct: (act: Act) => Promise<void>;
  readonly createCa: () => Promise<Pair>;
  /** A client certificate of `os:admin`. */
  readonly issueClient: (ca: Pair) => Promise<Pair>;
  readonly makers: FileMakers;
  /** Looks at every node and signer once. */
  readonly look: (state: RotationState) => Promise<Sights>;
  /** Applies a stage's patch to a node; text = why it could not. Undefined where that is left to the operator. */
  readonly patchNode: ((node: string, stage: Stage) => Promise<string | undefined>) | undefined;
  readonly tell: RotationReport;
}

/** Files of the rotation's folder, by relative path. Writing is whole or not at all, and for the owner alone. */
export interface RotationFiles {
  readonly read: (path: string) => Promise<string | undefined>;
  readonly write: (path: string, content: string) => Promise<void>;
}

/** What the run says while it is under way. */
export interface RotationReport {
  readonly stage: (stage: Stage) => void;
  /** Called when something has changed. */
  readonly waiting: (evidence: readonly Evidence[]) => void;
  readonly patched: (node: string) => void;
  readonly notPatched: (node: string, why: string) => void;
}
