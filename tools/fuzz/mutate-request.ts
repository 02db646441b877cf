import { sign, type KeyObject } from "node:crypto";
import { constructed, copyOf, nodesOf, primitive, readTree, writeTree, type Node } from "./der-tree.ts";
import type { Random } from "./random.ts";

/** A good request and the key it was signed with: after a change it can be signed anew, so that the rules behind the
 * signature are reached. */
export interface Seed {
  readonly der: Uint8Array;
  readonly key: KeyObject;
  readonly digest: string | null;
}

const OIDS: readonly string[] = [
  "550403", // commonName
  "55040a", // organization
  "551d11", // subjectAltName
  "551d13", // basicConstraints
  "551d0f", // keyUsage
  "551d25", // extendedKeyUsage
  "551d1e", // nameConstraints
  "2a864886f70d01090e", // extensionRequest
  "2a864886f70d010907", // challengePassword
  "2b6570", // Ed25519
  "2a8648ce3d0201", // ecPublicKey
  "2a8648ce3d030107", // P-256
  "2b8104000a", // secp256k1
  "2a864886f70d01010b", // sha256WithRSA
  "2a864886f70d010105", // sha1WithRSA
];
const TEXTS: readonly string[] = [
  "os:admin",
  "*.example.org",
  "..",
  "-",
  "a".repeat(64),
  "ä",
  "\0",
  "\u202e",
  "xn--a",
  "worker-1",
  "10.0.0.1",
  "",
];
const TAGS = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1e, 0x24, 0x30, 0x31, 0x80, 0x81,
  0x82, 0x86, 0x87, 0xa0, 0xa3, 0xa4, 0xbf,
];

type Mutation = (random: Random, root: Node) => void;

const MUTATIONS: readonly Mutation[] = [
  (random, root) => void (random.pick(nodesOf(root)).tag = random.pick(TAGS)),
  (random, root) => {
    const node = random.pick(nodesOf(root));
    node.length = random.pick(["padded", "indefinite", { wrongBy: random.int(5) - 2 }] as const);
  },
  (random, root) => changeContent(random, random.pick(nodesOf(root))),
  (random, root) => changeContent(random, random.pick(nodesOf(root))),
  (random, root) =>
    withChildren(random, root, (children) => void children.splice(random.int(children.length), 1)),
  (random, root) =>
    withChildren(random, root, (children) => void children.push(copyOf(random.pick(children)))),
  (random, root) =>
    withChildren(
      random,
      root,
      (children) => void children.splice(0, Number.POSITIVE_INFINITY, ...children.toReversed()),
    ),
  (random, root) =>
    withChildren(random, root, (children) => void children.push(copyOf(random.pick(nodesOf(root))))),
  (random, root) =>
    withChildren(
      random,
      root,
      (children) => void children.splice(random.int(children.length + 1), 0, leaf(random)),
    ),
  (random, root) => {
    const node = random.pick(nodesOf(root));
    for (let depth = random.int(30); depth > 0; depth--) {
      node.children = [{ ...node }];
      node.tag = 0x30;
    }
  },
  (random, root) => {
    const octets = random.pick(
      nodesOf(root)
        .filter(({ tag, children }) => tag === 0x04 && children === undefined)
        .concat(root),
    );
    if (octets !== root) octets.content = writeTree(mutated(random, readTree(octets.content)));
  },
  (random, root) => {
    const octets = nodesOf(root).find(({ tag }) => tag === 0x04);
    if (octets !== undefined) octets.content = writeTree(constructed(0x30, names(random)));
  },
];

function names(random: Random): Node[] {
  const tags = [0x82, 0x82, 0x82, 0x87, 0x87, 0x81, 0x86, 0xa0];
  return Array.from({ length: random.int(random.chance(50) ? 300 : 6) }, () => {
    const tag = random.pick(tags);
    return primitive(
      tag,
      tag === 0x87
        ? random.bytes(random.pick([4, 4, 16, 16, 3, 0]))
        : new TextEncoder().encode(random.pick(TEXTS)),
    );
  });
}

function leaf(random: Random): Node {
  const kind = random.int(4);
  if (kind === 0) return primitive(0x06, Buffer.from(random.pick(OIDS), "hex"));
  if (kind === 1)
    return primitive(random.pick([0x0c, 0x13, 0x16, 0x1e]), new TextEncoder().encode(random.pick(TEXTS)));
  if (kind === 2) return primitive(random.pick(TAGS) & ~0x20, random.bytes(random.int(12)));
  return constructed(0x31, [
    constructed(0x30, [
      primitive(0x06, Buffer.from(random.pick(OIDS), "hex")),
      primitive(0x0c, new TextEncoder().encode(random.pick(TEXTS))),
    ]),
  ]);
}

function changeContent(random: Random, node: Node): void {
  if (node.children !== undefined) return;
  if (node.tag === 0x06 && random.chance(2)) node.content = Buffer.from(random.pick(OIDS), "hex");
  else if (random.chance(3)) node.content = new TextEncoder().encode(random.pick(TEXTS));
  else if (node.content.length > 0 && random.chance(2))
    node.content[random.int(node.content.length)] = random.int(256);
  else node.content = random.bytes(random.pick([0, 1, 2, 4, 16, 32, 33, node.content.length]));
}

function withChildren(random: Random, root: Node, change: (children: Node[]) => void): void {
  const parents = nodesOf(root).flatMap(({ children }) =>
    children === undefined || children.length === 0 ? [] : [children],
  );
  if (parents.length > 0) change(random.pick(parents));
}

function mutated(random: Random, root: Node): Node {
  for (let count = 1 + random.int(3); count > 0; count--) random.pick(MUTATIONS)(random, root);
  return root;
}

/** A changed request, DER: by structure and mostly signed anew, or by bytes. */
export function mutateRequest(random: Random, seed: Seed): Uint8Array {
  if (random.chance(5)) return mutateBytes(random, seed.der);
  const root = readTree(seed.der);
  const info = root.children?.[0];
  if (info === undefined || random.chance(4)) return writeTree(mutated(random, root));
  const changed = mutated(random, copyOf(info));
  const signed = writeTree(changed);
  const signature = random.chance(10) ? random.bytes(64) : sign(seed.digest, signed, seed.key);
  const [, algorithm] = root.children ?? [];
  return writeTree(
    constructed(0x30, [
      changed,
      ...(algorithm ? [algorithm] : []),
      primitive(0x03, Buffer.concat([Uint8Array.of(0), signature])),
    ]),
  );
}

/** Flips, drops, doubles and inserts bytes. */
export function mutateBytes(random: Random, bytes: Uint8Array): Uint8Array {
  const out = [...bytes];
  for (let count = 1 + random.int(4); count > 0; count--) {
    const at = random.int(out.length + 1);
    const kind = random.int(5);
    if (kind === 0) out[Math.min(at, out.length - 1)] = random.int(256);
    else if (kind === 1) out.splice(at, 1 + random.int(8));
    else if (kind === 2) out.splice(at, 0, ...random.bytes(1 + random.int(8)));
    else if (kind === 3) out.splice(at, 0, ...out.slice(at, at + random.int(64)));
    else out.length = Math.max(1, at);
  }
  return Uint8Array.from(out);
}
