/** What both programs of `npm start` are given of the process. */
export interface DemonstrationInput {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly world: {
    readonly write: (text: string) => void;
    readonly stop: AbortSignal;
    readonly stopNow: AbortSignal;
  };
  /** Prints the text once it is there. Where there is none, everything ends. */
  readonly tell: (text: Promise<string>) => void;
}

/** Runs a program until it is told to stop, with a simulated node that uses it once. Its exit code. */
export type Demonstration = (input: DemonstrationInput) => Promise<number>;
