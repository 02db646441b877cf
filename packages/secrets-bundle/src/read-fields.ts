import { isMap } from "yaml";
import { SecretsBundleError } from "./errors.ts";
import { FIELDS, type Field, type FieldPath } from "./fields.ts";
import { errorAt, warningAt, type Finding } from "./finding.ts";
import { isText, placeholderFinding, placeholderIn } from "./placeholder.ts";
import { keysAt, nodeAt, type YamlDocument } from "./yaml-text.ts";

/** The values of a file that are there and sound so far: text, or decoded PEM. */
export type FieldValues = ReadonlyMap<FieldPath, string>;

export interface ReadFields {
  readonly values: FieldValues;
  readonly findings: readonly Finding[];
  /** Fields that are in the file, sound or not. */
  readonly present: ReadonlySet<FieldPath>;
}

/**
 * Reads the fields of a secrets bundle, in any spelling by case: `cluster.id`, `Cluster.Id`, `cluster.ID`. One that talosctl
 * itself does not read (it knows lower case alone) is a warning.
 */
export function readBundleFields(document: YamlDocument): ReadFields {
  if (!isMap(document.contents)) throw new SecretsBundleError("ERR_BUNDLE_KIND", "is no mapping");
  const findings: Finding[] = [];
  const read = readAll(document, ({ path }) => {
    const actual = spellingOf(document, path);
    return { steps: actual, shown: path };
  });
  const odd = FIELDS.filter(
    ({ path }) => read.present.has(path) && spellingOf(document, path).join(".") !== path,
  );
  const [first] = odd;
  if (first !== undefined) {
    findings.push(
      warningAt(first.path, "spelling", "is not spelled as talosctl reads it, nor may other fields be"),
    );
  }
  return { ...read, findings: [...findings, ...read.findings] };
}

/** Reads the same fields out of the v1alpha1 document of a machine config, where they stand under other paths. */
export function readMachineFields(document: YamlDocument): ReadFields {
  return readAll(document, ({ machine }) => ({ steps: machine.split("."), shown: machine }));
}

/** The keys that lead to a field, as this file spells them. Throws ERR_BUNDLE_DUPLICATE_KEY where two spellings are there. */
export function spellingOf(document: YamlDocument, path: string): readonly string[] {
  const actual: string[] = [];
  for (const step of path.split(".")) {
    const spellings = keysAt(document, actual).filter((key) => key.toLowerCase() === step);
    if (spellings.length > 1)
      throw new SecretsBundleError("ERR_BUNDLE_DUPLICATE_KEY", `${path} is there in two spellings`);
    actual.push(spellings[0] ?? step);
  }
  return actual;
}

function readAll(
  document: YamlDocument,
  place: (field: Field) => { readonly steps: readonly string[]; readonly shown: string },
): ReadFields {
  const values = new Map<FieldPath, string>();
  const findings: Finding[] = [];
  const present = new Set<FieldPath>();
  for (const field of FIELDS) {
    const { steps, shown } = place(field);
    const node = nodeAt(document, steps);
    // talosctl writes `key: ""` beside the CA of a worker.
    if (node === undefined || (isText(node) && node.value === "")) continue;
    present.add(field.path);
    const result = readValue(node, field, shown);
    if (typeof result === "string") values.set(field.path, result);
    else findings.push(result);
  }
  return { values, findings, present };
}

function readValue(node: unknown, { kind }: Field, shown: string): string | Finding {
  if (!isText(node)) return errorAt(shown, "type", "is not text");
  const placeholder = placeholderIn(node.value);
  if (placeholder !== undefined) return placeholderFinding(shown, placeholder);
  return kind === "certificate" || kind === "key" ? decodePemField(node.value, shown) : node.value;
}

/** PEM text of a base64 value, or what is wrong with it. Line breaks inside are passed over, as Go's decoder does. */
export function decodePemField(value: string, shown: string): string | Finding {
  if (value.includes("-----BEGIN"))
    return errorAt(shown, "base64", "is PEM itself: Talos wants the base64 of it");
  const compact = value.replaceAll(/[\r\n]/g, "");
  const bytes = Buffer.from(compact, "base64");
  if (bytes.toString("base64") !== compact) return errorAt(shown, "base64", "is not base64");
  return bytes.toString("latin1");
}

/** How the files hold PEM. */
export function encodePemField(pem: string): string {
  return Buffer.from(pem, "latin1").toString("base64");
}
