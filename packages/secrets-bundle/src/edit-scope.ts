import { isAlias, isMap, isScalar, isSeq } from "yaml";
import { nodeOf, pairOf, type YamlDocument, type YamlText } from "./yaml-text.ts";

/**
 * Whether two texts say the same everywhere but below this path of the documents that `chosen` picks: the check that an edit
 * has done no more than it should.
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
      const other = after.documents[index]?.contents;
      return isAlike(document.contents, other, chosen(document) ? path : undefined);
    })
  );
}

/** Whether two nodes say the same but for what is below `free`; undefined = nothing may differ. */
function isAlike(a: unknown, b: unknown, free: readonly string[] | undefined): boolean {
  if (free?.length === 0) return true;
  if (isMap(a) && isMap(b)) {
    const keys = [...a.items, ...b.items].map(({ key }) => (isScalar(key) ? String(key.value) : ""));
    return keys.every((key) => {
      const below = free?.[0] === key ? free.slice(1) : undefined;
      return isAlike(pairOf(a, key)?.value, pairOf(b, key)?.value, below);
    });
  }
  if (isSeq(a) && isSeq(b))
    return (
      a.items.length === b.items.length && a.items.every((item, i) => isAlike(item, b.items[i], undefined))
    );
  if (isAlias(a) && isAlias(b)) return a.source === b.source;
  if (isScalar(a) && isScalar(b)) return a.value === b.value && a.tag === b.tag && a.anchor === b.anchor;
  // A section that an edit made where there was nothing, or an empty one.
  return free !== undefined && !isScalar(b) && nodeOf(a) === undefined;
}
