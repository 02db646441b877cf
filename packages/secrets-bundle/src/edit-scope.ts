import { isAlias, isMap, isScalar, isSeq, visit, type YAMLMap } from "yaml";
import { nodeOf, type YamlDocument, type YamlText } from "./yaml-text.ts";

/**
 * Whether two texts say the same everywhere but below this path of the documents that `chosen` picks, and have the same
 * anchors: the check that an edit has done no more than it should. Of anchors it is known to be needed; for the rest it is the
 * belt beside the braces.
 */
export function differsOnlyBelow(
  before: YamlText,
  after: YamlText,
  chosen: (document: YamlDocument) => boolean,
  path: readonly string[],
): boolean {
  return (
    before.documents.length === after.documents.length &&
    before.documents.every((document, index) => {
      const other = after.documents[index];
      return (
        other !== undefined &&
        anchorsOf(document) === anchorsOf(other) &&
        isAlike(document.contents, other.contents, chosen(document) ? path : undefined)
      );
    })
  );
}

/** Whether two nodes say the same but for what is below `free`; undefined = nothing may differ. */
function isAlike(a: unknown, b: unknown, free: readonly string[] | undefined): boolean {
  if (free?.length === 0) return true;
  if (isMap(a) && isMap(b)) {
    const [left, right] = [valuesOf(a), valuesOf(b)];
    return [...new Set([...left.keys(), ...right.keys()])].every((key) =>
      free?.[0] === key
        ? isAlike(left.get(key), right.get(key), free.slice(1))
        : left.has(key) && right.has(key) && isAlike(left.get(key), right.get(key), undefined),
    );
  }
  if (isSeq(a) && isSeq(b))
    return (
      a.items.length === b.items.length && a.items.every((item, i) => isAlike(item, b.items[i], undefined))
    );
  if (isAlias(a) && isAlias(b)) return a.source === b.source;
  if (isScalar(a) && isScalar(b)) return a.value === b.value && a.tag === b.tag && a.anchor === b.anchor;
  if (nodeOf(a) === undefined && nodeOf(b) === undefined) return true;
  // A section that an edit made where there was nothing, or an empty one.
  return free !== undefined && !isScalar(b) && nodeOf(a) === undefined;
}

function valuesOf(map: YAMLMap): ReadonlyMap<string, unknown> {
  return new Map(map.items.map(({ key, value }) => [isScalar(key) ? String(key.value) : "", value]));
}

/** All anchors in order: an alias means the last one before it, so none may come or go. */
function anchorsOf(document: YamlDocument): string {
  const names: string[] = [];
  visit(document, {
    Value: (_, { anchor }) => {
      if (anchor !== undefined) names.push(anchor);
    },
  });
  return names.join(" ");
}
