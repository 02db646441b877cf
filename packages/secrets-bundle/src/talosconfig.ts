import { isMap, isScalar, isSeq, type Node, type YAMLMap } from "yaml";
import { encrypted, type CertificateAndKey } from "./bundle.ts";
import { SecretsBundleError } from "./errors.ts";
import { errorAt, refuse, type Finding } from "./finding.ts";
import { isSopsDocument, placeholderFinding, placeholderIn } from "./placeholder.ts";
import { decodePemField, encodePemField } from "./read-fields.ts";
import { encodeYaml, type YamlValue } from "./yaml-write.ts";
import { isText, nodeAt, parseSingleYaml, type YamlDocument } from "./yaml-text.ts";

/** A talosconfig: whom talosctl talks to, and as whom (siderolabs/talos pkg/machinery client/config/config.go). */
export interface Talosconfig {
  /** The current context; "" = none. */
  readonly context: string;
  readonly contexts: ReadonlyMap<string, TalosContext>;
}

/** One context. PEM text; what is undefined is not in the file. */
export interface TalosContext {
  readonly endpoints: readonly string[];
  readonly nodes: readonly string[];
  readonly ca: string | undefined;
  readonly crt: string | undefined;
  readonly key: string | undefined;
  /** Name of the cluster at a management service such as Omni. */
  readonly cluster: string | undefined;
  /** Identity for SideroV1 signatures, instead of a certificate. */
  readonly siderov1Identity: string | undefined;
  readonly basic: { readonly username: string; readonly password: string } | undefined;
}

/** A context that another name had to be found for. */
export interface Rename {
  readonly from: string;
  readonly to: string;
}

/** A talosconfig of one context, which is the current one, as `talosctl gen config` makes it. */
export function createTalosconfig(input: {
  readonly context: string;
  readonly endpoints: readonly string[];
  readonly nodes?: readonly string[];
  /** The CA that servers are verified with, PEM; several during a rotation. */
  readonly ca: string;
  /** A certificate with the client-auth usage whose organizations are its roles, and its key. */
  readonly client: CertificateAndKey;
}): Talosconfig {
  const { context, endpoints, nodes = [], ca, client } = input;
  const only: TalosContext = {
    endpoints,
    nodes,
    ca,
    crt: client.crt,
    key: client.key,
    cluster: undefined,
    siderov1Identity: undefined,
    basic: undefined,
  };
  return { context, contexts: new Map([[context, only]]) };
}

/**
 * Reads a talosconfig. The deprecated `target` joins the endpoints, as talosctl has it. Throws {@link SecretsBundleError}:
 * ERR_BUNDLE_KIND where it is none, ERR_BUNDLE_ENCRYPTED, ERR_BUNDLE_REDACTED, ERR_BUNDLE_INVALID with all findings.
 */
export function readTalosconfig(input: string | Uint8Array): Talosconfig {
  const { config, findings } = takeTalosconfigApart(input);
  refuse(findings);
  return config;
}

export function takeTalosconfigApart(input: string | Uint8Array): {
  readonly config: Talosconfig;
  readonly findings: readonly Finding[];
} {
  const { document } = parseSingleYaml(input);
  if (isSopsDocument(document)) throw encrypted();
  if (!isMap(document.contents) || !document.contents.has("contexts"))
    throw new SecretsBundleError("ERR_BUNDLE_KIND", "has no contexts: it is no talosconfig");
  const findings: Finding[] = [];
  const contexts = new Map<string, TalosContext>();
  const named = nodeAt(document, ["contexts"]);
  for (const { key, value } of isMap(named) ? named.items : []) {
    const name = isScalar(key) ? String(key.value) : "";
    // Found once, not by its name for each of its fields: a file may have thousands.
    const node = nodeAt(document, [], value);
    if (isMap(node)) contexts.set(name, readContext(document, node, name, findings));
  }
  return {
    config: { context: textOf(nodeAt(document, ["context"]), "context", findings) ?? "", contexts },
    findings,
  };
}

function readContext(
  document: YamlDocument,
  context: YAMLMap,
  name: string,
  findings: Finding[],
): TalosContext {
  const shown = (...rest: readonly string[]): string => ["contexts", name, ...rest].join(".");
  const text = (...rest: readonly string[]): string | undefined =>
    textOf(nodeAt(document, rest, context), shown(...rest), findings);
  const pem = (key: string): string | undefined => {
    const value = text(key);
    if (value === undefined) return undefined;
    const decoded = decodePemField(value, shown(key));
    if (typeof decoded === "string") return decoded;
    findings.push(decoded);
    return undefined;
  };
  const list = (key: string): readonly string[] => {
    const node = nodeAt(document, [key], context);
    const items = isSeq(node) ? node.items : [];
    return items.map(
      (item, index) => textOf(nodeAt(document, [], item), `${shown(key)}[${index}]`, findings) ?? "",
    );
  };
  const target = text("target");
  const username = text("auth", "basic", "username");
  return {
    endpoints: [...list("endpoints"), ...(target === undefined ? [] : [target])],
    nodes: list("nodes"),
    ca: pem("ca"),
    crt: pem("crt"),
    key: pem("key"),
    cluster: text("cluster"),
    siderov1Identity: text("auth", "siderov1", "identity"),
    basic:
      username === undefined ? undefined : { username, password: text("auth", "basic", "password") ?? "" },
  };
}

function textOf(node: Node | undefined, shown: string, findings: Finding[]): string | undefined {
  if (node === undefined) return undefined;
  if (!isText(node)) {
    findings.push(errorAt(shown, "type", "is not text"));
    return undefined;
  }
  if (node.value === "") return undefined;
  const placeholder = placeholderIn(node.value);
  if (placeholder === undefined) return node.value;
  findings.push(placeholderFinding(shown, placeholder));
  return undefined;
}

/** Writes a talosconfig as talosctl does: contexts by name, no field that is empty but `endpoints`. It holds a key: 0600. */
export function encodeTalosconfig({ context, contexts }: Talosconfig): string {
  const byName = [...contexts].toSorted(([a], [b]) => (a < b ? -1 : 1));
  // A Map, so that no name is taken for something that objects have.
  const written = new Map(byName.map(([name, each]) => [name, contextOf(each)]));
  return encodeYaml({ context, contexts: written });
}

function contextOf({
  endpoints,
  nodes,
  ca,
  crt,
  key,
  cluster,
  siderov1Identity,
  basic,
}: TalosContext): YamlValue {
  const auth = {
    basic: basic && { username: basic.username, password: basic.password },
    siderov1: siderov1Identity === undefined ? undefined : { identity: siderov1Identity },
  };
  return {
    endpoints,
    nodes: nodes.length === 0 ? undefined : nodes,
    ca: ca === undefined ? undefined : encodePemField(ca),
    crt: crt === undefined ? undefined : encodePemField(crt),
    key: key === undefined ? undefined : encodePemField(key),
    auth: basic === undefined && siderov1Identity === undefined ? undefined : auth,
    cluster,
  };
}

/**
 * Adds the contexts of `added` to those of `base` by the rules of `talosctl config merge`: a name that is taken gets the first
 * free of `name-1`, `name-2`, …; the current context becomes that of `added`, under its new name, where it has one.
 */
export function mergeTalosconfig(
  base: Talosconfig,
  added: Talosconfig,
): { readonly merged: Talosconfig; readonly renames: readonly Rename[] } {
  const contexts = new Map(base.contexts);
  const renames: Rename[] = [];
  let { context } = base;
  for (const [from, each] of added.contexts) {
    let to = from;
    for (let number = 1; contexts.has(to); number++) to = `${from}-${number}`;
    contexts.set(to, each);
    if (to !== from) renames.push({ from, to });
    if (from === added.context) context = to;
  }
  // talosctl ends up without a current context where the one named is not there.
  if (added.context !== "" && !added.contexts.has(added.context)) context = "";
  return { merged: { context, contexts }, renames };
}
