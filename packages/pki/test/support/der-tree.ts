/** One primitive value: where it stands (`0.1` = the second of the first), its tag and content, both hexadecimal. */
export interface Primitive {
  readonly path: string;
  readonly tag: string;
  readonly content: string;
}

/** All primitive values of well-formed DER, in order; what octet strings hold is not looked into. For comparing. */
export function primitivesOf(der: Uint8Array, path = ""): readonly Primitive[] {
  const found: Primitive[] = [];
  let index = 0;
  for (let at = 0; at < der.length; index++) {
    const tag = der[at] ?? 0;
    const first = der[at + 1] ?? 0;
    const count = first < 0x80 ? 0 : first & 0x7f;
    const start = at + 2 + count;
    const length =
      count === 0 ? first : der.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
    const content = der.subarray(start, start + length);
    const here = path === "" ? `${index}` : `${path}.${index}`;
    if ((tag & 0x20) !== 0) found.push(...primitivesOf(content, here));
    else found.push({ path: here, tag: tag.toString(16), content: Buffer.from(content).toString("hex") });
    at = start + length;
  }
  return found;
}
