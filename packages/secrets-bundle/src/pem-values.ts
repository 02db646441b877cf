import { isMap, isSeq } from "yaml";
import { encrypted } from "./bundle.ts";
import { isSopsDocument } from "./placeholder.ts";
import { isText, nodeAt, parseYaml, type YamlDocument } from "./yaml-text.ts";

/** A value that is PEM, or the base64 of it. */
export interface PemValue {
  /** Where it stands, as the file spells it: `certs.os.crt`, `machine.acceptedCAs[0].crt`. */
  readonly path: string;
  /** Text, base64 taken off. */
  readonly pem: string;
}

/**
 * Every value of a YAML or JSON text that is PEM, or the base64 of PEM, in order: of secrets bundles, talosconfigs and machine
 * configs as of kubeconfigs, Secrets and whatever else holds certificates so. None is an empty list.
 *
 * Throws {@link SecretsBundleError}: ERR_BUNDLE_ENCRYPTED where SOPS has the document, and those of the text as such.
 */
export function pemValues(input: string | Uint8Array): readonly PemValue[] {
  const { documents } = parseYaml(input);
  if (documents.some(isSopsDocument)) throw encrypted();
  return documents.flatMap((document, index) => valuesIn(document.contents, prefixOf(document, index), ""));
}

/** What tells the documents of one file apart: their kind, which the first of a machine config does not have. */
function prefixOf(document: YamlDocument, index: number): string {
  const kind = nodeAt(document, ["kind"]);
  if (isText(kind) && index > 0) return `${kind.value}: `;
  return index === 0 ? "" : `document ${index + 1}: `;
}

// An alias is passed over: what it stands for is found where its anchor is.
function valuesIn(node: unknown, prefix: string, path: string): readonly PemValue[] {
  if (isMap(node)) {
    return node.items.flatMap(({ key, value }) => {
      const name = isText(key) ? key.value : "";
      return valuesIn(value, prefix, path === "" ? name : `${path}.${name}`);
    });
  }
  if (isSeq(node)) return node.items.flatMap((item, index) => valuesIn(item, prefix, `${path}[${index}]`));
  const pem = isText(node) ? pemOf(node.value) : undefined;
  return pem === undefined ? [] : [{ path: `${prefix}${path}`, pem }];
}

const BEGIN = "-----BEGIN ";

function pemOf(value: string): string | undefined {
  if (value.includes(BEGIN)) return value;
  const compact = value.replaceAll(/\s/g, "");
  const bytes = Buffer.from(compact, "base64");
  const text = bytes.toString("latin1");
  return text.trimStart().startsWith(BEGIN) && bytes.toString("base64") === compact ? text : undefined;
}
