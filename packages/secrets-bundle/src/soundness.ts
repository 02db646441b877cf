import { FIELD_PATHS, type FieldPath } from "./fields.ts";
import { errorAt, type Finding } from "./finding.ts";
import { authorityFindings, isFinding, readKeyField } from "./pair-findings.ts";
import type { FieldValues, ReadFields } from "./read-fields.ts";

/**
 * Why fields are no bundle that Talos's code takes: missing, not readable, or not of one piece. `shownAs` names a field as its
 * file does; `authorities` is what {@link allAuthorityFindings} found, where that is known already.
 */
export function soundnessFindings(
  { values, findings, present }: ReadFields,
  shownAs: (path: FieldPath) => string,
  authorities: readonly Finding[] = allAuthorityFindings(values, shownAs),
): readonly Finding[] {
  const all: Finding[] = [...findings];
  for (const path of FIELD_PATHS) {
    if (!present.has(path) && !ENCRYPTION.includes(path))
      all.push(errorAt(shownAs(path), "missing", "is missing"));
  }
  const [aescbc, secretbox] = ENCRYPTION.map((path) => present.has(path));
  if (aescbc === secretbox) {
    const path = ENCRYPTION.map(shownAs).join(", ");
    all.push(
      aescbc === true
        ? errorAt(path, "ambiguous", "are both there: Talos takes one of them")
        : errorAt(path, "missing", "are both missing: one is needed"),
    );
  }
  all.push(...authorities.filter(({ code }) => UNSOUND.has(code)));
  const path = "certs.k8sserviceaccount.key";
  const key = values.get(path);
  const read = key === undefined ? undefined : readKeyField(key, shownAs(path));
  return read !== undefined && isFinding(read) ? [...all, read] : all;
}

const ENCRYPTION: readonly FieldPath[] = [
  "secrets.aescbcencryptionsecret",
  "secrets.secretboxencryptionsecret",
];

/** The pairs of a bundle. */
const AUTHORITY_PATHS = [
  { crt: "certs.etcd.crt", key: "certs.etcd.key" },
  { crt: "certs.k8s.crt", key: "certs.k8s.key" },
  { crt: "certs.k8saggregator.crt", key: "certs.k8saggregator.key" },
  { crt: "certs.os.crt", key: "certs.os.key" },
] as const satisfies readonly { readonly crt: FieldPath; readonly key: FieldPath }[];

/** What is wrong with the CAs of a bundle, sound or not. */
export function allAuthorityFindings(
  values: FieldValues,
  shownAs: (path: FieldPath) => string,
): readonly Finding[] {
  return AUTHORITY_PATHS.flatMap(({ crt, key }) =>
    authorityFindings({
      crtPath: shownAs(crt),
      crt: values.get(crt),
      keyPath: shownAs(key),
      key: values.get(key),
    }),
  );
}

// What keeps a pair from being used at all. Whether it is a good CA is another question, for lint.
export const UNSOUND: ReadonlySet<Finding["code"]> = new Set([
  "certificate",
  "key",
  "key-mismatch",
  "weak-key",
  "redacted",
]);
