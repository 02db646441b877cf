import { formatTable, type Output, type Table } from "../output.ts";
import type { Evidence } from "./evidence.ts";
import type { RotationReport } from "./ports.ts";
import { stageFolder, STAGE_PLANS, STAGES, type Stage, type Which } from "./stage.ts";
import type { RotationState } from "./state.ts";

/** One row a thing to do, for all stages from `from` on. */
export function planRows(from: Stage): readonly PlanRow[] {
  return STAGES.slice(STAGES.indexOf(from)).flatMap((stage) => {
    const { number, title, signer, node, talosconfig } = STAGE_PLANS[stage];
    const row = (who: string, what: string): PlanRow => ({ stage, number, title, who, what });
    return [
      row("signer", `issues with the ${signer.issuing} CA, tells workers to trust ${cas(signer.accepted)}`),
      row("nodes", `machine.ca: ${node.ca}; machine.acceptedCAs: ${node.accepted.join(", ") || "none"}`),
      row(
        "people",
        `talosconfig with a client of the ${talosconfig.client} CA, trusting ${cas(talosconfig.trusted)}`,
      ),
      ...(stage === "forget" ? [row("bundle", "secrets.yaml with the new CA")] : []),
    ];
  });
}

export interface PlanRow {
  readonly stage: Stage;
  readonly number: number;
  readonly title: string;
  readonly who: string;
  readonly what: string;
}

function cas(which: readonly Which[]): string {
  return which.length === 2 ? "both" : `the ${which.join()} one alone`;
}

export function planTable(rows: readonly PlanRow[]): Table {
  return {
    head: ["STAGE", "", "WHO", "WHAT"],
    rows: rows.map(({ number, title, who, what }, index) => {
      const first = rows[index - 1]?.number !== number;
      return [first ? String(number) : "", first ? title : "", who, what];
    }),
  };
}

/** What a state says, and what is seen of its stage where somebody has looked, for programs. */
export function statusData(
  state: RotationState,
  evidence?: readonly Evidence[],
): Readonly<Record<string, unknown>> & { readonly kind: "RotationStatus" } {
  const { stage, startedAt, stageSince, nodes, signers } = state;
  return {
    kind: "RotationStatus",
    stage,
    startedAt,
    stageSince,
    nodes,
    signers,
    ...(evidence && { evidence }),
  };
}

/** The same for people. */
export function statusText({ stage, stageSince }: RotationState, evidence?: readonly Evidence[]): string {
  const line = `stage: ${stage}, since ${stageSince}\n`;
  if (evidence === undefined) return line;
  const head = ["OF", "EVIDENCE", "SEEN", "MISSING"];
  const rows = evidence.map(({ of, kind, what, ok, missing }) => [
    `${kind} ${of}`,
    what,
    ok ? "yes" : "no",
    missing,
  ]);
  return `${line}\n${formatTable({ head, rows })}`;
}

const SHOWN = 10;

/** Tells the run on standard error: what the operator is to do, and what is waited for. */
export function createReport(out: Output, dir: string, apply: boolean): RotationReport {
  return {
    stage(stage) {
      const folder = `${dir}/${stageFolder(stage)}`;
      out.step(`stage ${STAGE_PLANS[stage].number} of ${STAGES.length}: ${STAGE_PLANS[stage].title}`);
      out.step(`  signer: give it the files of ${folder}/signer`);
      if (!apply) out.step(`  nodes: apply ${folder}/node-patch.yaml, then say --patched ${stage}=all`);
      out.step(`  people: hand out ${folder}/talosconfig`);
    },
    waiting(evidence) {
      const missing = evidence.filter(({ ok }) => !ok);
      out.step(`waiting for ${missing.length} of ${evidence.length}:`);
      for (const each of missing.slice(0, SHOWN)) {
        out.step(`  ${each.kind} ${each.of} ${each.what}: ${each.missing}`);
      }
      if (missing.length > SHOWN)
        out.step(`  and ${missing.length - SHOWN} more: ca rotate status lists them`);
    },
    patched: (node) => out.done(`${node} is patched`),
    notPatched: (node, why) => out.warn(`${node} is not patched yet: ${why}`),
  };
}
