import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { once } from "node:events";

/** Go's crypto/x509 as a judge: one line in, one line out, in order. */
export interface GoJudge {
  /** `report` is told the verdict of this line, "OK" or "BAD …", some time later. */
  ask(line: string, report: (verdict: string) => void): Promise<void>;
  /** Ends the input and waits for all verdicts. */
  end(): Promise<void>;
}

/** Starts a filter of the conformance program. */
export function startGoJudge(program: string, filter: "verify-certs" | "parse-csrs"): GoJudge {
  const child = spawn(program, [filter], { stdio: ["pipe", "pipe", "inherit"] });
  const reports: ((verdict: string) => void)[] = [];
  let answered = 0;
  createInterface({ input: child.stdout }).on("line", (line) => {
    reports[answered++]?.(line);
    if (answered === reports.length) reports.length = answered = 0;
  });
  const exited = once(child, "close");
  return {
    async ask(line, report) {
      reports.push(report);
      if (!child.stdin.write(`${line}\n`)) await once(child.stdin, "drain");
    },
    async end() {
      child.stdin.end();
      await exited;
      if (answered < reports.length)
        throw new Error(`${filter} left ${reports.length - answered} lines unanswered`);
    },
  };
}
