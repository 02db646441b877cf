// Mutated secrets bundles and machine configs through the command line. Whatever is in a file: a documented error, no stack, no
// piece of a secret told, and a bundle that `config validate` finds no error in is one that can be read.
import { readFileSync } from "node:fs";
import { devNull } from "node:os";
import { lineFault, type Outcome } from "../../apps/cli/test/support/line-fault.ts";
import { secretsIn } from "../../apps/cli/test/support/secrets-in.ts";
import { run } from "../../apps/cli/src/run.ts";
import { mutateYaml } from "./mutate-yaml.ts";
import type { Random } from "./random.ts";

export interface SecretFilesFuzz {
  /** One file through two commands; what was wrong, if anything. `label` is what they came to, for the sum. */
  run(random: Random): Promise<{ readonly label: string; readonly fault?: string }>;
}

interface Seed {
  readonly text: string;
  readonly read: readonly string[];
  readonly tellsSecret: (told: string) => boolean;
}

const FIXTURES = new URL("../../packages/secrets-bundle/test/fixtures/talos/", import.meta.url);
/** Within the ten years of the fixtures. */
const NOW = new Date("2027-01-01T00:00:00Z");
const SHOW = ["secrets", "show", "--secrets", "-"];
const IMPORT = ["secrets", "import", "--from-controlplane", "-", "--out", "-"];

export function createSecretFilesFuzz(): SecretFilesFuzz {
  const seeds = [
    seedOf("secrets.yaml", SHOW),
    seedOf("controlplane-commented.yaml", IMPORT),
    seedOf("worker-1.13.yaml", IMPORT),
  ];
  return {
    async run(random) {
      const { text, read, tellsSecret } = random.pick(seeds);
      const file = mutateYaml(random, text);
      const validated = await lineOf(["config", "validate", "-", "-o", "json"], file);
      const readOut = await lineOf(read, file);
      const label = `${read[1]}: ${wordOf(validated)}, ${wordOf(readOut)}`;
      const wrong =
        lineFault(validated, tellsSecret) ??
        lineFault(readOut, tellsSecret, { printsSecrets: read === IMPORT }) ??
        (validated.exit === 0 && readOut.exit !== 0 && validated.stdout.includes('"kind": "secrets bundle"')
          ? "validated, and can't be read"
          : undefined);
      return { label, ...(wrong !== undefined && { fault: `${label}: ${wrong}: ${JSON.stringify(file)}` }) };
    },
  };
}

function seedOf(name: string, read: readonly string[]): Seed {
  const bytes = readFileSync(new URL(name, FIXTURES));
  // Comments hold nothing secret, and cost the time of two readers.
  const text = bytes.toString().replaceAll(/^ *#.*\n| # .*$/gm, "");
  return { text, read, tellsSecret: pieceFinder(secretsIn(Buffer.from(text))) };
}

/** So many characters of a secret are a piece of it; fewer may be anything. */
const PIECE = 12;

function pieceFinder(secrets: readonly string[]): (told: string) => boolean {
  const pieces = new Set(secrets.flatMap(piecesOf));
  return (told) => piecesOf(told).some((piece) => pieces.has(piece));
}

function piecesOf(text: string): readonly string[] {
  return Array.from({ length: Math.max(0, text.length - PIECE + 1) }, (_, at) => text.slice(at, at + PIECE));
}

async function lineOf(argv: readonly string[], file: string): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  const exit = await run({
    argv,
    env: { TALOS_BRIDGE_AUDIT_LOG: devNull },
    readStdin: async () => Buffer.from(file),
    stdout: { write: (text) => void (stdout += text), isTerminal: false },
    stderr: { write: (text) => void (stderr += text), isTerminal: false },
    now: () => NOW,
    interrupted: new AbortController().signal,
    insisted: new AbortController().signal,
  });
  return { exit, stdout, stderr };
}

/** Exit code and error. */
function wordOf({ exit, stderr }: Outcome): string {
  return [String(exit), /ERR_\w+/.exec(stderr)?.[0] ?? ""].join(" ").trim();
}
