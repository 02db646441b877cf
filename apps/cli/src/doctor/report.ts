import { explained, explanationLines } from "../explanation.ts";
import { printable } from "../output.ts";
import type { Check } from "./check.ts";

export type Outcome = "ok" | "warning" | "error" | "skipped";

export function outcomeOf({ problems, skipped }: Check): Outcome {
  if (skipped !== undefined) return "skipped";
  if (problems.some(({ severity }) => severity === "error")) return "error";
  return problems.length > 0 ? "warning" : "ok";
}

export function foundFaults(checks: readonly Check[]): boolean {
  return checks.some((check) => outcomeOf(check) === "error");
}

/** The report for programs. */
export function reportData(checks: readonly Check[]): {
  readonly kind: "Diagnosis";
  readonly ok: boolean;
  readonly checks: readonly Readonly<Record<string, unknown>>[];
} {
  return {
    kind: "Diagnosis",
    ok: !foundFaults(checks),
    checks: checks.map((check) => {
      const { subject, says, problems, skipped } = check;
      return {
        subject,
        outcome: outcomeOf(check),
        message: skipped ?? says,
        problems: problems.map((problem) => ({ ...problem, ...explained(problem) })),
      };
    }),
  };
}

const MARKS: Readonly<Record<Outcome, string>> = { ok: "✔", warning: "!", error: "✗", skipped: "–" };

/** The report for people: one line a check, and under each problem why, what to do, and where more is written. */
export function reportText(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ subject }) => printable(subject).length));
  const lines = checks.flatMap((check) => {
    const { subject, says, problems, skipped } = check;
    const line = (outcome: Outcome, text: string): string =>
      `► ${printable(subject).padEnd(width)}  ${MARKS[outcome]} ${printable(text)}`.trimEnd();
    if (problems.length === 0) {
      return [line(outcomeOf(check), skipped === undefined ? says : `not looked at: ${skipped}`)];
    }
    return problems.flatMap((problem) => [
      line(problem.severity, problem.message),
      ...explanationLines(problem),
    ]);
  });
  const failed = checks.filter((check) => outcomeOf(check) === "error").length;
  const looked = checks.filter(({ skipped }) => skipped === undefined).length;
  return [
    ...lines,
    failed === 0 ? `all ${looked} checks are good` : `${failed} of ${looked} checks failed`,
    "",
  ].join("\n");
}
