import { createPrivateKey } from "node:crypto";

/**
 * What must not be told of a file, in the forms in which it could be: values of tokens, secrets and keys as they stand in YAML,
 * lines of private keys' PEM, also in base64, and the numbers of keys that Node can read, in hexadecimal and base64.
 */
export function secretsIn(bytes: Uint8Array): readonly string[] {
  const text = Buffer.from(bytes).toString("latin1");
  const encoded = [...text.matchAll(BASE64)]
    .map(([word]) => ({ word, pem: Buffer.from(word, "base64").toString("latin1") }))
    .filter(({ pem }) => PRIVATE_KEY.test(pem));
  return [
    ...[...text.matchAll(YAML_SECRET)].map(({ groups }) => groups?.["value"] ?? ""),
    ...encoded.flatMap(({ word, pem }) => [word, ...ofPem(pem)]),
    ...ofPem(text),
    ...(bytes[0] === DER_SEQUENCE ? ofDer(bytes) : []),
  ];
}

const DER_SEQUENCE = 0x30;
const BASE64 = /[A-Za-z0-9+/]{64,}={0,2}/g;
const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^]*?-----END/g;
const YAML_SECRET =
  /(?:token|secret|passphrase|password|identity|key)["']?: *["']?(?<value>[^\s"'{}[\],]{8,})/gi;

function ofPem(text: string): readonly string[] {
  return [...text.matchAll(PRIVATE_KEY)].flatMap(([block]) => {
    const lines = block.split(/\r?\n|\r/).filter((line) => /^[A-Za-z0-9+/=]{16,}$/.test(line));
    return [...lines, ...ofDer(Buffer.from(lines.join(""), "base64"))];
  });
}

function ofDer(der: Uint8Array): readonly string[] {
  for (const type of ["pkcs8", "sec1", "pkcs1"] as const) {
    try {
      const { d, p, q } = createPrivateKey({ key: Buffer.from(der), format: "der", type }).export({
        format: "jwk",
      });
      const numbers = [d, p, q].flatMap((number) =>
        number === undefined ? [] : [Buffer.from(number, "base64url")],
      );
      // Of a few octets anything may be a part.
      return numbers
        .filter(({ length }) => length >= 16)
        .flatMap((number) => [
          number.toString("hex"),
          number.toString("base64"),
          number.toString("base64url"),
        ]);
    } catch {
      // Of another type, or none that Node reads.
    }
  }
  return [];
}
