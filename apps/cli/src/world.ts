/** Everything outside the process that the command line touches, but the files and hosts its arguments name. */
export interface World {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** All of standard input. */
  readonly readStdin: () => Promise<Uint8Array>;
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly now: () => Date;
  /** Interrupted (Ctrl-C). */
  readonly interrupted: AbortSignal;
}

export interface Screen {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
}
