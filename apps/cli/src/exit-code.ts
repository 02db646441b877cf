/** How a run ends, by the kind of its error. Documented in docs/reference/cli.md. */
export const EXIT = {
  ok: 0,
  /** Arguments, files, anything on this machine. */
  local: 1,
  /** Somebody else answered no, or not at all. */
  remote: 2,
  /** A check ran, and found something. */
  found: 3,
  timeout: 124,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
