/** Encodes one value with whatever content: faults are written with it too. Apart from what the package itself writes with. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const header =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...header]), content]);
}

export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
export const seq = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents);
export const set = (...contents: readonly Uint8Array[]): Buffer => der(0x31, ...contents);
export const int = (content: string): Buffer => der(0x02, hex(content));
export const octets = (...contents: readonly Uint8Array[]): Buffer => der(0x04, ...contents);
export const bits = (...contents: readonly Uint8Array[]): Buffer => der(0x03, Buffer.of(0), ...contents);
export const nil = (): Buffer => der(0x05);
export const bool = (byte: number): Buffer => der(0x01, Buffer.of(byte));
export const text = (tag: number, value: string | Uint8Array): Buffer => der(tag, Buffer.from(value));

/** Object identifiers by their content. */
export const OIDS = {
  commonName: "550403",
  organization: "55040a",
  organizationalUnit: "55040b",
  country: "550406",
  serialNumber: "550405",
  email: "2a864886f70d010901",
  extensionRequest: "2a864886f70d01090e",
  challengePassword: "2a864886f70d010907",
  subjectAltName: "551d11",
  basicConstraints: "551d13",
  keyUsage: "551d0f",
  extendedKeyUsage: "551d25",
  nameConstraints: "551d1e",
  certificatePolicies: "551d20",
  crlDistributionPoints: "551d1f",
  serverAuth: "2b06010505070301",
  clientAuth: "2b06010505070302",
  unknown: "2a030405",
  ed25519: "2b6570",
  ed448: "2b6571",
  ecPublicKey: "2a8648ce3d0201",
  p256: "2a8648ce3d030107",
  rsaEncryption: "2a864886f70d010101",
  dsa: "2a8648ce380401",
  md5WithRsa: "2a864886f70d010104",
  sha1WithRsa: "2a864886f70d010105",
  sha224WithRsa: "2a864886f70d01010e",
  rsaPss: "2a864886f70d01010a",
  sha256WithRsa: "2a864886f70d01010b",
  sha384WithRsa: "2a864886f70d01010c",
  sha512WithRsa: "2a864886f70d01010d",
  ecdsaWithSha1: "2a8648ce3d0401",
  ecdsaWithSha224: "2a8648ce3d040301",
  ecdsaWithSha256: "2a8648ce3d040302",
  ecdsaWithSha384: "2a8648ce3d040303",
  ecdsaWithSha512: "2a8648ce3d040304",
  dsaWithSha256: "608648016503040302",
  sm2WithSm3: "2a811ccf55018375",
  gost: "2a85030701010302",
} as const;
export type OidName = keyof typeof OIDS;

export const oid = (of: OidName): Buffer => der(0x06, hex(OIDS[of]));

const UTF8 = 0x0c;

/** A Name of one attribute an RDN. */
export function name(...attributes: readonly (readonly [OidName, string | Uint8Array, number?])[]): Buffer {
  return seq(...attributes.map(([type, value, tag = UTF8]) => set(seq(oid(type), text(tag, value)))));
}

export function extension(id: OidName, value: Uint8Array, critical?: Buffer): Buffer {
  return seq(oid(id), ...(critical ? [critical] : []), octets(value));
}

export const dns = (value: string | Uint8Array): Buffer => text(0x82, value);
export const ip = (value: string): Buffer => der(0x87, hex(value));
export const altNames = (...names: readonly Uint8Array[]): Buffer =>
  extension("subjectAltName", seq(...names));
