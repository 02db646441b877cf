import { isMap, isScalar, isSeq, isAlias, type Node, type YAMLMap } from "yaml";
import { SecretsBundleError } from "./errors.ts";
import { encodeYaml, quoteText, type YamlValue } from "./yaml-write.ts";
import { isNothing, pairOf, type YamlDocument } from "./yaml-text.ts";

/** A piece of text to take out, and what comes in its place. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with one piece exchanged. All else stays as it is, to the byte: comments, order, quotes, blank lines. */
export function splice(text: string, { start, end, text: inserted }: Splice): string {
  return text.slice(0, start) + inserted + text.slice(end);
}

/**
 * How to set the value at a path of keys, which are made where they are not there. Throws ERR_BUNDLE_EDIT where the text has a
 * form that this can't be done in without touching something else: aliases, anchors, a value that is in the way.
 */
export function setting(
  text: string,
  document: YamlDocument,
  path: readonly string[],
  value: YamlValue,
): Splice {
  let node: unknown = document.contents;
  for (const [depth, step] of path.entries()) {
    const rest = path.slice(depth + 1);
    if (!isMap(node)) throw inTheWay(path.slice(0, depth));
    const pair = pairOf(node, step);
    if (pair === undefined) return addition(text, node, step, nest(rest, value));
    const { value: next } = pair;
    if (isNothing(next) && rest.length > 0) return replacement(text, node, pair, nest(rest, value));
    if (rest.length === 0) return replacement(text, node, pair, value);
    if (isEmptyFlowMap(next)) return replacement(text, node, pair, nest(rest, value));
    node = next;
  }
  throw inTheWay(path);
}

/** How to add an item to the list at a path. */
export function appending(
  text: string,
  document: YamlDocument,
  path: readonly string[],
  item: YamlValue,
): Splice {
  const list = document.getIn(path, true);
  if (!isSeq(list) || list.items.length === 0) return setting(text, document, path, [item]);
  refuseShared(list);
  const last = list.items.at(-1);
  if (list.flow === true || !isNodeWithRange(last)) throw form("a list in brackets");
  const column = columnOf(text, list.range?.[0] ?? 0);
  const at = endOfLine(text, contentEnd(last));
  return { start: at, end: at, text: block(text, at, [item], column) };
}

/** How to take the item of an index out of the list at a path; the last one leaves an empty list. */
export function removing(
  text: string,
  document: YamlDocument,
  path: readonly string[],
  index: number,
): Splice {
  const list = document.getIn(path, true);
  const item = isSeq(list) ? list.items[index] : undefined;
  if (!isSeq(list) || !isNodeWithRange(item)) throw inTheWay(path);
  refuseShared(list);
  refuseShared(item);
  if (list.flow === true) throw form("a list in brackets");
  if (list.items.length === 1) return emptying(text, document, path, item);
  const start = startOfLine(text, item.range[0]);
  return { start, end: endOfLine(text, contentEnd(item)), text: "" };
}

function emptying(text: string, document: YamlDocument, path: readonly string[], item: Ranged): Splice {
  const parent: unknown = document.getIn(path.slice(0, -1), true);
  const key = isMap(parent) ? pairOf(parent, path.at(-1) ?? "")?.key : undefined;
  if (!isNodeWithRange(key)) throw inTheWay(path);
  const start = text.indexOf(":", key.range[1]) + 1;
  const end = endOfLine(text, contentEnd(item));
  return { start, end, text: text.slice(0, end).endsWith("\n") ? " []\n" : " []" };
}

function nest(path: readonly string[], value: YamlValue): YamlValue {
  return path.reduceRight<YamlValue>((inner, key) => ({ [key]: inner }), value);
}

/** Adds a pair behind the last one of a mapping. */
function addition(text: string, map: YAMLMap, key: string, value: YamlValue): Splice {
  refuseShared(map);
  const last = map.items.at(-1);
  if (map.flow === true || last === undefined) throw form("a mapping in braces");
  const at = endOfLine(text, contentEnd(isNodeWithRange(last.value) ? last.value : last.key));
  return { start: at, end: at, text: block(text, at, { [key]: value }, columnOf(text, map.range?.[0] ?? 0)) };
}

/** Exchanges what stands behind a key. */
function replacement(
  text: string,
  map: YAMLMap,
  { key, value: old }: YAMLMap["items"][number],
  value: YamlValue,
): Splice {
  if (!isNodeWithRange(key)) throw form("a key that is not written out");
  refuseShared(old);
  if (isNodeWithRange(old) && !isScalar(old) && !isNothing(old) && !isEmpty(old))
    throw form("a value of several lines");
  if (map.flow === true && typeof value !== "string") throw form("a mapping in braces");
  const colon = text.indexOf(":", key.range[1]);
  const isWritten = isNodeWithRange(old) && old.range[1] > old.range[0];
  const [oldStart, oldEnd] = isWritten ? [old.range[0], contentEnd(old)] : [colon + 1, colon + 1];
  if (typeof value === "string" || isEmptyValue(value)) {
    // Quotes stay where they were, so that JSON stays JSON: its strings are YAML's (YAML 1.2 §7.3.1). Between braces a text
    // may need them that needs none elsewhere.
    const inQuotes = (isScalar(old) && old.type === "QUOTE_DOUBLE") || map.flow === true;
    const written = typeof value === "string" && inQuotes ? quoteText(value) : encodeYaml(value).slice(0, -1);
    // A block scalar ends behind its line break.
    const broken = text.slice(oldStart, oldEnd).endsWith("\n") ? "\n" : "";
    return { start: oldStart, end: oldEnd, text: `${isWritten ? "" : " "}${written}${broken}` };
  }
  // A block goes below the key's line; a comment at the end of that line stays there.
  const lineEnd = endOfLine(text, oldEnd);
  const comment = text.slice(oldEnd, lineEnd).trimEnd();
  const indented = block(text, lineEnd, value, columnOf(text, key.range[0]) + indentOf(text));
  return {
    start: colon + 1,
    end: lineEnd,
    text: `${comment}${indented.startsWith("\n") ? "" : "\n"}${indented}`,
  };
}

/** Lines of a value at a column, to stand where a line begins. */
function block(text: string, at: number, value: YamlValue, column: number): string {
  const lines = encodeYaml(value, indentOf(text))
    .slice(0, -1)
    .split("\n")
    .map((line) => `${" ".repeat(column)}${line}`);
  const before = at > 0 && text[at - 1] !== "\n" ? "\n" : "";
  return `${before}${lines.join("\n")}\n`;
}

/** Where the content of a node ends: before the comments behind it, which its own range may take in. */
function contentEnd(node: unknown): number {
  if (isMap(node) && node.flow !== true) {
    const last = node.items.at(-1);
    return contentEnd(isNodeWithRange(last?.value) ? last.value : last?.key);
  }
  if (isSeq(node) && node.flow !== true) return contentEnd(node.items.at(-1));
  return isNodeWithRange(node) ? node.range[1] : 0;
}

type Ranged = Node & { readonly range: readonly [number, number, number] };

function isNodeWithRange(node: unknown): node is Ranged {
  return (
    (isMap(node) || isSeq(node) || isScalar(node) || isAlias(node)) &&
    node.range !== undefined &&
    node.range !== null
  );
}

function isEmpty(node: unknown): boolean {
  return (isMap(node) || isSeq(node)) && node.items.length === 0;
}

const isEmptyFlowMap = (node: unknown): boolean => isMap(node) && isEmpty(node);

function isEmptyValue(value: YamlValue): boolean {
  return typeof value === "object" && Object.keys(value).length === 0;
}

function refuseShared(node: unknown): void {
  const shared =
    isAlias(node) || ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined);
  if (shared) throw form("anchors and aliases");
}

function form(what: string): SecretsBundleError {
  return new SecretsBundleError(
    "ERR_BUNDLE_EDIT",
    `${what} can't be edited in place: write it out in lines first`,
  );
}

function inTheWay(path: readonly string[]): SecretsBundleError {
  return new SecretsBundleError(
    "ERR_BUNDLE_EDIT",
    `${path.join(".") || "the document"} is not what can be edited`,
  );
}

function columnOf(text: string, offset: number): number {
  return offset - startOfLine(text, offset);
}

function startOfLine(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** Offset behind the line break of the line in which `offset` is; of the line before, where it stands at a line's start. */
function endOfLine(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === "\n") return offset;
  const end = text.indexOf("\n", offset);
  return end === -1 ? text.length : end + 1;
}

/** Spaces a level: as the first indented line has them. */
function indentOf(text: string): number {
  return /^(?<spaces> +)[^\s#-]/m.exec(text)?.groups?.["spaces"]?.length ?? 4;
}
