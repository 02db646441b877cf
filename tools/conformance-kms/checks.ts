// What every backend owes a node.
import { strict as assert } from "node:assert";
import { randomUUID } from "node:crypto";
import type { Answer, TalosNode, Target } from "./node.ts";

/** One thing that must hold; rejects where it does not, else may say what was seen. */
export interface Case {
  readonly name: string;
  readonly run: () => Promise<string | void>;
}

/** Seals a new key and unseals it; both. */
export async function roundTrip(
  node: TalosNode,
  target: Target,
  uuid: string,
): Promise<{ readonly key: Buffer; readonly blob: Buffer }> {
  const sealed = await node.seal(target, uuid);
  assert.equal(sealed.code, "OK", sealed.text);
  assert.equal(sealed.key.length, 32);
  assert.ok(!sealed.data.includes(sealed.key), "the key is in the blob");
  await opens(node, target, uuid, sealed.data, sealed.key);
  return { key: sealed.key, blob: sealed.data };
}

export async function opens(
  node: TalosNode,
  target: Target,
  uuid: string,
  blob: Buffer,
  key: Buffer,
): Promise<void> {
  const unsealed = await node.unseal(target, uuid, blob);
  assert.equal(unsealed.code, "OK", unsealed.text);
  assert.deepEqual(unsealed.data, key);
}

/** Asserts a refusal with this code, and no bytes; the whole of what the node sees, for comparison. */
export function refused(answer: Answer, code: string): string {
  const seen = `${answer.code}: ${answer.text}`;
  assert.equal(answer.code, code, seen);
  assert.equal(answer.data.length, 0, "bytes came with a refusal");
  return seen;
}

/**
 * A blob of another node, cut, flipped in any part, or of a node that is not known: one code and one text, and never bytes.
 * `prefixLength`: bytes at the blob's beginning that tell whose it is; what follows is base64.
 */
export async function oneRefusal(node: TalosNode, target: Target, prefixLength: number): Promise<string> {
  const [mine, other, unknown] = [randomUUID(), randomUUID(), randomUUID()];
  const { key, blob } = await roundTrip(node, target, mine);
  const theirs = await roundTrip(node, target, other);
  const text = blob.toString("latin1");
  const prefix = text.slice(0, prefixLength);
  const sealed = Buffer.from(text.slice(prefixLength), "base64");
  const sealedAs = (change: (bytes: Buffer) => Buffer): Buffer =>
    Buffer.from(prefix + change(Buffer.from(sealed)).toString("base64"));
  const flipped = (at: number): Buffer =>
    sealedAs((bytes) => {
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      return bytes;
    });
  const rows: readonly (readonly [name: string, uuid: string, blob: Buffer])[] = [
    ["another node's", mine, theirs.blob],
    ["given to another node", other, blob],
    ["given to an unknown node", unknown, blob],
    ["cut by a byte of text", mine, blob.subarray(0, -1)],
    ["cut to half", mine, blob.subarray(0, prefixLength + 40)],
    ["cut to its prefix and one group", mine, blob.subarray(0, prefixLength + 4)],
    ["cut by a sealed byte", mine, sealedAs((bytes) => bytes.subarray(0, -1))],
    ["flipped in the nonce", mine, flipped(0)],
    ["flipped in the middle", mine, flipped(20)],
    ["flipped in the tag", mine, flipped(sealed.length - 1)],
    ["longer by a byte", mine, sealedAs((bytes) => Buffer.concat([bytes, Buffer.from([0])]))],
    ["all zeros", mine, sealedAs((bytes) => bytes.fill(0))],
  ];
  const seen = new Map<string, string>();
  for (const [name, uuid, changed] of rows) {
    seen.set(name, refused(await node.unseal(target, uuid, changed), "PermissionDenied"));
  }
  const texts = new Set(seen.values());
  assert.equal(texts.size, 1, `told apart: ${JSON.stringify([...seen])}`);
  await opens(node, target, mine, blob, key);
  return `${rows.length} blobs, each ${[...texts].join()}`;
}
