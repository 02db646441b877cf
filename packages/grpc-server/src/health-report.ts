/** One condition of readiness. */
export interface HealthCheck {
  /** Lower-case with dashes, such as `serving-certificate`. */
  readonly name: string;
  /** Undefined if all is well, else a short reason without anything secret: whoever reaches the port may read it. */
  readonly fault: () => string | undefined;
}

/**
 * Runs the checks and words the answer as Kubernetes's own health paths do: `ok`, or with `verbose` or a fault a line a
 * check, `[+]name ok` or `[-]name failed: reason`. A check that throws has failed.
 */
export function healthReport(
  checks: readonly HealthCheck[],
  verbose: boolean,
): { ok: boolean; text: string } {
  const results = checks.map(({ name, fault }) => ({ name, fault: faultOf(fault) }));
  const ok = results.every(({ fault }) => fault === undefined);
  if (ok && !verbose) return { ok, text: "ok" };
  const lines = results.map(({ name, fault }) =>
    fault === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${fault}\n`,
  );
  return { ok, text: `${lines.join("")}check ${ok ? "passed" : "failed"}\n` };
}

function faultOf(fault: HealthCheck["fault"]): string | undefined {
  try {
    return fault();
  } catch {
    return "internal error";
  }
}
