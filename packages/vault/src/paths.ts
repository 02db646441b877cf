import { VaultError } from "./errors.ts";

const KEY_NAME = /^[A-Za-z0-9_-]{1,128}$/;
const SEGMENT = /^[A-Za-z0-9_.-]{1,128}$/;

/**
 * A transit key's name, for a URL: ASCII letters, digits, `_` and `-`, at most 128. Nothing is ever escaped: what would
 * need it is refused, since `..` survives escaping and decoders differ.
 *
 * @throws VaultError `ERR_VAULT_ARGUMENT`; the message does not hold the name
 */
export function checkKeyName(name: string): string {
  if (!KEY_NAME.test(name)) {
    throw new VaultError("ERR_VAULT_ARGUMENT", "a key name has 1 to 128 letters, digits, _ or -");
  }
  return name;
}

/**
 * A path below `/v1/`: segments of ASCII letters, digits, `_`, `.` and `-` between single slashes, none of them `.` or
 * `..`; a query of simple `name=value` pairs may follow. Slashes at both ends are dropped.
 *
 * @throws VaultError `ERR_VAULT_ARGUMENT`; the message does not hold the path
 */
export function checkPath(path: string): string {
  const [steps = "", query, ...more] = path.replace(/^\/+|\/+$/g, "").split("?");
  const plain = steps.split("/").every((step) => SEGMENT.test(step) && step !== "." && step !== "..");
  const simple = query === undefined || /^[a-z_]+=[a-z0-9]+(?:&[a-z_]+=[a-z0-9]+)*$/.test(query);
  if (!plain || !simple || more.length > 0) {
    throw new VaultError("ERR_VAULT_ARGUMENT", "a path has segments of letters, digits, _, . or -");
  }
  return query === undefined ? steps : `${steps}?${query}`;
}
