// What the notes on a program's answers and log lines look like. check-docs.ts holds them to its sources, both ways.
import type { Code } from "@connectrpc/connect";

export interface Answer {
  readonly code: keyof typeof Code;
  /** As it is sent. `…` stands for a part that varies. */
  readonly text: string;
  /** The word in the audit line, in metrics, or both. */
  readonly reason: string;
  readonly meaning: string;
}

export interface LogNote {
  readonly level: "debug" | "info" | "warn" | "error" | "info, warn";
  readonly fields: string;
  readonly meaning: string;
}

/** By message; `…` stands for a part that varies. */
export type LogNotes = Readonly<Record<string, LogNote>>;

export interface ProgramNotes {
  readonly name: string;
  readonly answers: readonly Answer[];
  /** Whether the sources say each reason as a literal, or put some together. */
  readonly reasons: "literal" | "composed";
  /** Beside those that every program has. */
  readonly log: LogNotes;
}
