import { SETTINGS } from "./settings.ts";

const KNOWN: ReadonlySet<string> = new Set(
  Object.values(SETTINGS).flatMap((setting) => ("env" in setting ? setting.env : [])),
);
/** What Kubernetes puts into each container for a Service whose name begins with `kms`. */
const SERVICE_LINK = /_SERVICE_(?:HOST|PORT)|_PORT(?:_|$)/;

/**
 * Names of the environment that look like settings and are none. A mistyped KMS_ALLOWED_SOURCES would leave the port open to
 * all without a word; they are no faults, since other programs may have names of their own.
 */
export function unknownNames(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith("KMS_") && !KNOWN.has(name) && !SERVICE_LINK.test(name))
    .toSorted();
}
