import { renewalOf, type RenewalRule } from "@talos-bridge/pki";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { errorPage } from "../error-table.ts";
import { EXIT } from "../exit-code.ts";
import { lookInto } from "./inspect.ts";
import { collect, type Material } from "./material.ts";

export interface RenewalOptions {
  readonly targets: readonly string[];
  /** Milliseconds before the end. */
  readonly within: number;
  /** Part of the lifetime; stands over `within`. */
  readonly fraction?: number;
}

interface Row {
  readonly place: string;
  readonly subject: string;
  readonly notAfter: Date;
  readonly dueAt: Date;
  readonly due: boolean;
}

interface Unreadable {
  readonly place: string;
  readonly message: string;
}

/** Says which certificates are due: exit code 3 where one is. */
export async function findDue(context: CommandContext, options: RenewalOptions): Promise<number> {
  const { world, out } = context;
  const { fraction, within } = options;
  const rule: RenewalRule = fraction === undefined ? { beforeEndMs: within } : { fraction };
  const { materials, exit } = await collect(context, options.targets);
  const now = world.now();
  const looked = materials.flatMap((material) => rowsOf(material, now, rule));
  const rows = looked.filter((each) => "due" in each);
  const unreadable = looked.filter((each) => "message" in each);
  // Nobody can say of them that they are not due: better loud than missed.
  for (const { place, message } of unreadable)
    out.fail(`${place}: ${message} (TB1007, see ${errorPage("TB1007")})`);
  if (looked.length === 0 && exit === EXIT.ok) {
    throw new CliError("TB1007", "no certificate among what was given");
  }
  out.data(
    {
      kind: "Renewal",
      due: rows.some(({ due }) => due),
      certificates: rows.map(({ notAfter, dueAt, ...rest }) => ({
        ...rest,
        notAfter: notAfter.toISOString(),
        dueAt: dueAt.toISOString(),
      })),
    },
    {
      head: ["WHERE", "SUBJECT", "VALID UNTIL", "RENEW FROM", "DUE"],
      rows: rows.map(({ place, subject, notAfter, dueAt, due }) => [
        place,
        subject,
        notAfter.toISOString(),
        dueAt.toISOString(),
        due ? "yes" : "no",
      ]),
    },
  );
  if (rows.some(({ due }) => due)) return EXIT.found;
  return unreadable.length > 0 ? Math.max(exit, EXIT.local) : exit;
}

/** A certificate that can't be used otherwise, for its key or names, ends all the same. */
function rowsOf(material: Material, now: Date, rule: RenewalRule): readonly (Row | Unreadable)[] {
  return lookInto(material, now).flatMap(({ place, inspection }): readonly (Row | Unreadable)[] => {
    if (inspection.kind === "unreadable") return [{ place, message: inspection.message }];
    if (inspection.kind !== "certificate") return [];
    const { subject, notBefore, notAfter } = inspection;
    if (notBefore === null || notAfter === null) return [{ place, message: "its times can't be read" }];
    const validity = { notBefore: new Date(notBefore), notAfter: new Date(notAfter) };
    const { dueAt, due } = renewalOf(validity, now, rule);
    return [{ place, subject, notAfter: validity.notAfter, dueAt, due }];
  });
}
