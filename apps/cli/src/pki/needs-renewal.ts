import { PkiError, renewalOf, type RenewalRule } from "@talos-bridge/pki";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { EXIT } from "../exit-code.ts";
import { certificatesOf, collect, placeOf, type Material } from "./material.ts";

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

/** Says which certificates are due: exit code 3 where one is. */
export async function findDue(context: CommandContext, options: RenewalOptions): Promise<number> {
  const { world, out } = context;
  const { fraction, within } = options;
  const rule: RenewalRule = fraction === undefined ? { beforeEndMs: within } : { fraction };
  const { materials, exit } = await collect(context, options.targets);
  const now = world.now();
  const rows = materials.flatMap((material) => rowsOf(material, now, rule));
  if (rows.length === 0 && exit === EXIT.ok) {
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
  return rows.some(({ due }) => due) ? EXIT.found : exit;
}

function rowsOf(material: Material, now: Date, rule: RenewalRule): readonly Row[] {
  try {
    const certificates = certificatesOf(material);
    return certificates.map((certificate, index) => ({
      place: placeOf(material, index, certificates.length),
      subject: certificate.subject,
      notAfter: certificate.notAfter,
      ...pick(renewalOf(certificate, now, rule)),
    }));
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    // A certificate that nobody can read renews nobody: better loud than missed.
    throw new CliError("TB1007", `${placeOf(material)}: ${cause.message}`, { cause });
  }
}

function pick({ dueAt, due }: ReturnType<typeof renewalOf>): Pick<Row, "dueAt" | "due"> {
  return { dueAt, due };
}
