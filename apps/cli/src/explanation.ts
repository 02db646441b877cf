import { findingPage, noteOf, type Problem } from "./finding-table.ts";
import { printable } from "./output.ts";

/** What is told with each problem: why, what to do, where more is written. */
export interface Explanation {
  readonly cause: string;
  readonly fix: string;
  readonly page: string;
}

export function explained({ id, fix }: Problem): Explanation {
  const { cause, cure } = noteOf(id);
  return { cause, fix: fix ?? cure, page: findingPage(id) };
}

/** The same as lines under one for people. */
export function explanationLines(problem: Problem): readonly string[] {
  const { cause, fix, page } = explained(problem);
  return [`    cause: ${cause}`, `    fix:   ${printable(fix)}`, `    page:  ${page}`];
}
