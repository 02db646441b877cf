import { inspect, PkiError, type Inspection } from "@talos-bridge/pki";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { EXIT } from "../exit-code.ts";
import { writeOutput } from "../files.ts";
import { collect, placeOf, type Material } from "./material.ts";
import { prometheusText } from "./prometheus-text.ts";

export interface InspectOptions {
  readonly targets: readonly string[];
  readonly prometheus: boolean;
  readonly out?: string;
}

/** One thing that was found, and where. */
export interface Found {
  readonly target: string;
  readonly path: string;
  /** Which of several that stand together, from 1 on. */
  readonly index: number;
  readonly place: string;
  readonly inspection: Inspection;
}

const READABLE_BY_ALL = 0o644;

/** Shows what there is, without ever a key's content. */
export async function inspectTargets(context: CommandContext, options: InspectOptions): Promise<number> {
  const { world, out } = context;
  if (options.out !== undefined && !options.prometheus) {
    throw new CliError("TB1001", "--out goes with --prometheus alone");
  }
  const { materials, failed, exit } = await collect(context, options.targets);
  const now = world.now();
  const found = materials.flatMap((material) => lookInto(material, now));
  const unreadable = found.some(({ inspection }) => inspection.kind === "unreadable");
  if (options.prometheus) {
    // A collector reads the file whenever it likes: it is replaced whole, each time.
    await writeOutput(world, options.out ?? "-", prometheusText(found, { failed }), {
      force: true,
      mode: READABLE_BY_ALL,
    });
    return exit;
  }
  out.data(
    {
      kind: "Inspection",
      items: found.map(({ target, path, index, inspection }) => ({ target, path, index, ...inspection })),
    },
    {
      head: ["WHERE", "WHAT", "SUBJECT", "ISSUER", "KEY", "VALID UNTIL", "NAMES", "NOTES"],
      rows: found.map(row),
    },
  );
  return unreadable ? Math.max(exit, EXIT.local) : exit;
}

/** What a material holds, one by one. What can't be read is told as such. */
export function lookInto(material: Material, now: Date): readonly Found[] {
  const inspections = material.parts.flatMap((part) => inspectPart(part, now));
  const { target, path } = material;
  return inspections.map((inspection, index) => ({
    target: target.text,
    path,
    index: index + 1,
    place: placeOf(material, index, inspections.length),
    inspection,
  }));
}

function inspectPart(part: string | Uint8Array, now: Date): readonly Inspection[] {
  try {
    return inspect(part, { now });
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    return [{ kind: "unreadable", label: "", code: error.code, message: error.message }];
  }
}

function row({ place, inspection: it }: Found): readonly string[] {
  switch (it.kind) {
    case "certificate":
      return [
        place,
        it.isCa ? "CA" : "certificate",
        it.subject,
        it.selfIssued ? "itself" : it.issuer,
        it.publicKey.type,
        it.notAfter?.slice(0, 16).replace("T", " ") ?? "?",
        [...it.dnsNames, ...it.ipAddresses].join(","),
        notes(it.warnings),
      ];
    case "certificate-request":
      return [
        place,
        "request",
        it.subject,
        "",
        it.publicKey.type,
        "",
        [...it.dnsNames, ...it.ipAddresses].join(","),
        notes(it.warnings),
      ];
    case "private-key":
      return [place, `key (${it.format})`, "", "", it.publicKey.type, "", "", notes(it.warnings)];
    case "public-key":
      return [place, "public key", "", "", it.publicKey.type, "", "", notes(it.warnings)];
    case "encrypted-key":
      return [place, "encrypted key", "", "", "", "", "", ""];
    case "other":
      return [place, it.label, "", "", "", "", "", ""];
    case "unreadable":
      return [place, it.label, "", "", "", "", "", `${it.message} (${it.code})`];
  }
}

function notes(warnings: readonly { readonly message: string }[]): string {
  return warnings.map(({ message }) => message).join("; ");
}
