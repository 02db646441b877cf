import { PkiError, verifyChain, type Certificate } from "@talos-bridge/pki";
import { chainProblem } from "../chain-problem.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { explained, explanationLines } from "../explanation.ts";
import { EXIT } from "../exit-code.ts";
import type { Problem } from "../finding-table.ts";
import { printable } from "../output.ts";
import { readAuthorities } from "./authorities.ts";
import { certificatesOf, collect, placeOf, type Material } from "./material.ts";

export type Usage = "server" | "client";

export interface VerifyOptions {
  readonly targets: readonly string[];
  readonly ca: readonly string[];
  readonly usage?: Usage;
  readonly name?: string;
  readonly at?: Date;
}

interface Verdict {
  readonly place: string;
  readonly subject: string;
  readonly isCa: boolean;
  readonly usage: Usage;
  readonly problem: Problem | undefined;
}

/** Says of each certificate whether it verifies, and if not, why. */
export async function verifyTargets(context: CommandContext, options: VerifyOptions): Promise<number> {
  const { world, out } = context;
  const roots = await readAuthorities(context, options.ca);
  const { materials, exit } = await collect(context, options.targets);
  const now = options.at ?? world.now();
  const verdicts = materials.flatMap((material) => verify(material, { ...options, roots, now }));
  if (verdicts.length === 0 && exit === EXIT.ok) {
    throw new CliError("TB1007", "no certificate among what was given");
  }
  out.data(
    {
      kind: "Verification",
      ok: verdicts.every(({ problem }) => problem === undefined),
      certificates: verdicts.map(({ problem, ...verdict }) => ({
        ...verdict,
        ok: problem === undefined,
        ...(problem !== undefined && { problem: { ...problem, ...explained(problem) } }),
      })),
    },
    verdicts.map(text).join(""),
  );
  return verdicts.some(({ problem }) => problem !== undefined) ? EXIT.found : exit;
}

function text({ place, subject, isCa, usage, problem }: Verdict): string {
  const good = `${subject || "no subject"} verifies${isCa ? "" : ` for a ${usage}`}`;
  const says = problem === undefined ? good : problem.message;
  const line = `${problem === undefined ? "✔" : "✗"} ${printable(`${place}: ${says}`)}`;
  return [line, ...(problem === undefined ? [] : explanationLines(problem)), ""].join("\n");
}

function verify(
  material: Material,
  options: VerifyOptions & { readonly roots: readonly Certificate[]; readonly now: Date },
): readonly Verdict[] {
  const place = placeOf({ ...material, parts: [] });
  const { target } = material;
  try {
    const [leaf, ...intermediates] = certificatesOf(material);
    if (leaf === undefined) return [];
    const usage = options.usage ?? usageOf(material, leaf);
    const name = options.name ?? (target.kind === "server" ? target.endpoint.host : undefined);
    const verdict = verifyChain({
      leaf,
      intermediates,
      roots: options.roots,
      now: options.now,
      usage: usage === "server" ? "serverAuth" : "clientAuth",
      ...(name !== undefined && { name }),
    });
    return [{ place, subject: leaf.subject, isCa: leaf.isCa, usage, problem: chainProblem(verdict) }];
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    const id = error.code === "ERR_PKI_KEY_WEAK" ? "weak-key" : "certificate";
    return [
      {
        place,
        subject: "",
        isCa: false,
        usage: options.usage ?? "server",
        problem: { id, severity: "error", message: `it can't be used: ${error.message}` },
      },
    ];
  }
}

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/** Where nobody says: a server shows a server's, a talosconfig has a client's, and others what they may be. */
function usageOf({ target, path }: Material, { extendedKeyUsage }: Certificate): Usage {
  if (target.kind === "server") return "server";
  if (/^contexts\..*\.crt$/.test(path)) return "client";
  return (extendedKeyUsage?.includes(SERVER_AUTH) ?? true) ? "server" : "client";
}
