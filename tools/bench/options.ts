import { parseArgs } from "node:util";

export interface BenchOptions {
  readonly rounds: number;
  /** New connections of a storm, and handshakes of the bare server beside it. */
  readonly connections: number;
  /** Calls on kept connections. */
  readonly calls: number;
  /** Flags for the signer's Node beside those of the heap. */
  readonly signerFlags: readonly string[];
}

export const USAGE = `npm run bench -- [--rounds N] [--quick] [--profile DIR]

  --rounds N     interleaved rounds, 1 to 25; 5 if not given
  --quick        one round with a fifth of the load: a first look, too short to compare by
  --profile DIR  a V8 CPU profile of each signer under load; makes it slower`;

const FULL = { connections: 5_000, calls: 20_000 };
const QUICK = { connections: 1_000, calls: 4_000 };

/** Reads the command line. Throws where it can't be read. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      profile: { type: "string" },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 25) throw new Error("--rounds takes 1 to 25");
  const { profile } = values;
  const signerFlags = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  return { rounds, signerFlags, ...(values.quick ? QUICK : FULL) };
}
