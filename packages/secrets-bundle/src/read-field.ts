import { valuesOf, type SecretsBundle } from "./bundle.ts";
import { SecretsBundleError } from "./errors.ts";
import { FIELDS, FIELD_PATHS, type FieldPath } from "./fields.ts";

/**
 * The value of one field: `certs.os.crt`, `.Certs.OS.Crt`, in any spelling by case. Certificates and keys are PEM text.
 * Throws ERR_BUNDLE_FIELD, whose message lists all paths, and ERR_BUNDLE_ABSENT for the encryption secret that is not used.
 */
export function readField(bundle: SecretsBundle, path: string): string {
  const known = fieldPathOf(path);
  const value = valuesOf(bundle).get(known);
  if (value === undefined)
    throw new SecretsBundleError("ERR_BUNDLE_ABSENT", `${known} is not in this bundle`);
  return value;
}

/** A field's path as talosctl spells it. Throws ERR_BUNDLE_FIELD. */
export function fieldPathOf(path: string): FieldPath {
  const wanted = path.replace(/^\./, "").toLowerCase();
  const field = FIELDS.find((each) => each.path === wanted);
  // What was asked for is not repeated: it may be a value that was pasted into the wrong place.
  if (field === undefined)
    throw new SecretsBundleError("ERR_BUNDLE_FIELD", `no such field; there are ${FIELD_PATHS.join(", ")}`);
  return field.path;
}
