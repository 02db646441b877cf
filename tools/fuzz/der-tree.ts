/** A DER value as a tree that can be changed and written again with lengths that fit. */
export interface Node {
  tag: number;
  /** Content of a primitive value. */
  content: Uint8Array;
  /** Undefined for a primitive value. */
  children: Node[] | undefined;
  /** How the length is written: as DER has it, longer than needed, indefinite, or wrong. */
  length: "minimal" | "padded" | "indefinite" | { readonly wrongBy: number };
}

export function readTree(bytes: Uint8Array): Node {
  const { node } = readNode(bytes, 0, bytes.length);
  return node;
}

/** A value that claims to go beyond `limit` ends there: without that, overlapping values would be read again and again. */
function readNode(bytes: Uint8Array, at: number, limit: number): { node: Node; end: number } {
  const tag = bytes[at] ?? 0;
  const first = bytes[at + 1] ?? 0;
  const count = first < 0x80 ? 0 : first & 0x7f;
  let length = count === 0 ? first : 0;
  for (let i = 0; i < count; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0);
  const start = at + 2 + count;
  const end = Math.max(at + 1, Math.min(start + length, limit));
  const content = bytes.slice(start, end);
  const node: Node = { tag, content, children: undefined, length: "minimal" };
  if ((tag & 0x20) !== 0) {
    node.children = [];
    for (let offset = start; offset < end;) {
      const child = readNode(bytes, offset, end);
      node.children.push(child.node);
      offset = child.end;
    }
  }
  return { node, end };
}

export function writeTree({ tag, content, children, length }: Node): Uint8Array {
  const body = children === undefined ? content : concat(children.map(writeTree));
  switch (length) {
    case "minimal":
      return concat([Uint8Array.of(tag), lengthBytes(body.length, 0), body]);
    case "padded":
      return concat([Uint8Array.of(tag), lengthBytes(body.length, 1), body]);
    case "indefinite":
      return concat([Uint8Array.of(tag, 0x80), body, Uint8Array.of(0, 0)]);
    default:
      return concat([Uint8Array.of(tag), lengthBytes(Math.max(0, body.length + length.wrongBy), 0), body]);
  }
}

function lengthBytes(length: number, padding: number): Uint8Array {
  if (length < 0x80 && padding === 0) return Uint8Array.of(length);
  const bytes: number[] = Array.from({ length: padding }, () => 0);
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  bytes.push(...(digits.length === 0 ? [0] : digits));
  return Uint8Array.of(0x80 | bytes.length, ...bytes);
}

/** All values of a tree, parents before children. */
export function nodesOf(root: Node): Node[] {
  return [root, ...(root.children ?? []).flatMap(nodesOf)];
}

export function copyOf(node: Node): Node {
  return { ...node, content: node.content.slice(), children: node.children?.map(copyOf) };
}

export function primitive(tag: number, content: Uint8Array): Node {
  return { tag, content, children: undefined, length: "minimal" };
}

export function constructed(tag: number, children: Node[]): Node {
  return { tag, content: new Uint8Array(0), children, length: "minimal" };
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
