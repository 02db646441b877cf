import { CERTIFICATE_FINDINGS } from "./findings/certificates.ts";
import { FILE_FINDINGS } from "./findings/files.ts";
import { KMS_FINDINGS } from "./findings/kms.ts";
import type { FindingNote } from "./findings/note.ts";
import { SERVER_FINDINGS } from "./findings/servers.ts";

/** Ids are never used again for something else: they are anchors that people keep. */
export const FINDINGS = {
  ...CERTIFICATE_FINDINGS,
  ...FILE_FINDINGS,
  ...SERVER_FINDINGS,
  ...KMS_FINDINGS,
} as const satisfies Readonly<Record<string, FindingNote>>;

export type FindingId = keyof typeof FINDINGS;

/** One thing that is wrong, as it is shown. Its message never holds a secret. */
export interface Problem {
  readonly id: FindingId;
  /** `error`: it does not work, or is not safe. `warning`: it works today. */
  readonly severity: "error" | "warning";
  readonly message: string;
  /** A command or setting that would help here; the table's cure if not given. */
  readonly fix?: string;
}

/** Where a finding is explained: an anchor of a page in the repository. */
export function findingPage(id: FindingId): string {
  return `docs/reference/findings.md#${id}`;
}

/** A finding's note, with its optional fields. */
export function noteOf(id: FindingId): FindingNote {
  return FINDINGS[id];
}
