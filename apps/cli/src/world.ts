/** Everything outside the process that the command line touches, but the files and hosts its arguments name. */
export interface World {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** All of standard input, or more of it than is accepted. */
  readonly readStdin: () => Promise<Uint8Array>;
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly now: () => Date;
  /** Ctrl-C, or told to end otherwise. */
  readonly interrupted: AbortSignal;
  /** The same once more: do not even finish what was begun. */
  readonly insisted: AbortSignal;
}

export interface Screen {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
}
