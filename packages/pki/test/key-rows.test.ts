// Rows 9 to 12 of docs/threat-model.md: proof of possession, algorithms and keys.
import { readCertificateRequest } from "@talos-bridge/pki";
import { encodePem } from "@talos-bridge/pem";
import { constants, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { altNames, bits, der, dns, hex, int, nil, oid, seq, type OidName } from "./support/der.ts";
import { CA_TYPES, codeOf, fixture } from "./support/fixtures.ts";
import { keyOf, type KeyName } from "./support/keys.ts";
import { requestDer, requestPem, spkiOf, type RequestParts } from "./support/request.ts";

const KEYS: readonly KeyName[] = ["ed25519", "p256", "p384", "p521", "rsa"];
const codeFor = (parts: RequestParts): string => codeOf(() => readCertificateRequest(requestPem(parts)));

describe("row 9: proof of possession", () => {
  test.each(KEYS)("%s: a good signature", (key) => {
    expect(codeFor({ key })).toBe("ok");
  });

  test.each(KEYS)("%s: somebody else's key", (key) => {
    const spki = spkiOf(key === "ed25519" ? generateKeyPairSync("ed25519").privateKey : keyOf("ed25519"));
    expect(codeFor({ key, spki })).toBe("ERR_PKI_SIGNATURE");
  });

  test.each(KEYS)("%s: a signature with a changed bit", (key) => {
    const signature = (made: Buffer): Buffer => {
      const changed = Buffer.from(made);
      changed[made.length - 2] = (made.at(-2) ?? 0) ^ 1;
      return changed;
    };
    expect(codeFor({ key, signature })).toBe("ERR_PKI_SIGNATURE");
  });

  test.each(KEYS)("%s: another text than the one signed", (key) => {
    const signed = requestDer({ key, extensions: [altNames(dns("worker-1"))] });
    const changed = Buffer.from(signed);
    changed[signed.indexOf("worker-1", signed.indexOf(hex("0603551d11"))) + 7] = 0x32;
    expect(codeOf(() => readCertificateRequest(encodePem("CERTIFICATE REQUEST", changed)))).toBe(
      "ERR_PKI_SIGNATURE",
    );
  });

  const rows: { name: string; parts: RequestParts; want?: string }[] = [
    { name: "an empty signature", parts: { signature: () => Buffer.of() } },
    {
      name: "a signature that is too long",
      parts: { signature: (made) => Buffer.concat([made, Buffer.of(0)]) },
    },
    { name: "zeros", parts: { signature: (made) => Buffer.alloc(made.length) } },
    { name: "ECDSA: r and s zero", parts: { key: "p256", signature: () => seq(int("00"), int("00")) } },
    {
      name: "ECDSA: bytes behind r and s",
      parts: { key: "p256", signature: (made) => Buffer.concat([made, Buffer.of(0)]) },
    },
    { name: "ECDSA: another encoding of r", parts: { key: "p256", signature: padFirstInteger } },
    {
      name: "RSA: a zero in front",
      parts: { key: "rsa", signature: (made) => Buffer.concat([Buffer.of(0), made]) },
    },
    { name: "a digest other than named", parts: { key: "p256", digest: "sha512" } },
    { name: "RSA: a digest other than named", parts: { key: "rsa", digest: "sha512" } },
  ];
  test.each(rows)("$name", ({ parts }) => {
    expect(codeFor(parts)).toBe("ERR_PKI_SIGNATURE");
  });

  test("RSA: PSS under the name of PKCS #1", () => {
    const signature = (_: Buffer, info: Buffer): Buffer =>
      sign("sha256", info, { key: keyOf("rsa"), padding: constants.RSA_PKCS1_PSS_PADDING });
    expect(codeFor({ key: "rsa", signature })).toBe("ERR_PKI_SIGNATURE");
  });
});

/** BER of the same signature: a needless zero in front of r. */
function padFirstInteger(signature: Buffer): Buffer {
  const length = signature[3] ?? 0;
  const r = signature.subarray(4, 4 + length);
  return seq(der(0x02, Buffer.of(0), r), signature.subarray(4 + length));
}

describe("row 10: signature algorithms", () => {
  const rsa = (name: OidName): Buffer => seq(oid(name), nil());
  const plain = (name: OidName): Buffer => seq(oid(name));
  const good = [
    { digest: "sha256", ecdsa: plain("ecdsaWithSha256"), pkcs1: rsa("sha256WithRsa") },
    { digest: "sha384", ecdsa: plain("ecdsaWithSha384"), pkcs1: rsa("sha384WithRsa") },
    { digest: "sha512", ecdsa: plain("ecdsaWithSha512"), pkcs1: rsa("sha512WithRsa") },
  ];
  test.each(good)("allowed: $digest with each curve and with RSA", ({ digest, ecdsa, pkcs1 }) => {
    for (const key of ["p256", "p384", "p521"] as const) {
      expect(codeFor({ key, digest, algorithm: ecdsa })).toBe("ok");
    }
    expect(codeFor({ key: "rsa", digest, algorithm: pkcs1 })).toBe("ok");
  });

  // Each is signed properly, where Node still can: it is the algorithm that is refused.
  const bad: { name: string; parts: RequestParts }[] = [
    { name: "MD5 with RSA", parts: { key: "rsa", digest: "md5", algorithm: rsa("md5WithRsa") } },
    { name: "SHA-1 with RSA", parts: { key: "rsa", digest: "sha1", algorithm: rsa("sha1WithRsa") } },
    { name: "SHA-224 with RSA", parts: { key: "rsa", digest: "sha224", algorithm: rsa("sha224WithRsa") } },
    { name: "RSA-PSS", parts: { key: "rsa", algorithm: seq(oid("rsaPss"), seq()) } },
    { name: "SHA-1 with ECDSA", parts: { key: "p256", digest: "sha1", algorithm: plain("ecdsaWithSha1") } },
    {
      name: "SHA-224 with ECDSA",
      parts: { key: "p256", digest: "sha224", algorithm: plain("ecdsaWithSha224") },
    },
    { name: "DSA", parts: { algorithm: plain("dsaWithSha256") } },
    { name: "Ed448", parts: { algorithm: plain("ed448") } },
    { name: "SM2", parts: { algorithm: plain("sm2WithSm3") } },
    { name: "GOST", parts: { algorithm: plain("gost") } },
    { name: "Ed25519 with NULL parameters", parts: { algorithm: seq(oid("ed25519"), nil()) } },
    {
      name: "ECDSA with NULL parameters",
      parts: { key: "p256", algorithm: seq(oid("ecdsaWithSha256"), nil()) },
    },
    { name: "RSA without parameters", parts: { key: "rsa", algorithm: plain("sha256WithRsa") } },
    {
      name: "RSA with a SEQUENCE as parameters",
      parts: { key: "rsa", algorithm: seq(oid("sha256WithRsa"), seq()) },
    },
  ];
  test.each(bad)("refused: $name", ({ parts }) => {
    expect(codeFor(parts)).toBe("ERR_PKI_SIGNATURE_ALGORITHM");
  });

  const crossed: { name: string; parts: RequestParts }[] = [
    {
      name: "an ECDSA algorithm with an RSA key",
      parts: { key: "rsa", algorithm: plain("ecdsaWithSha256") },
    },
    { name: "an RSA algorithm with an ECDSA key", parts: { key: "p256", algorithm: rsa("sha256WithRsa") } },
    { name: "Ed25519 with an ECDSA key", parts: { key: "p256", algorithm: plain("ed25519") } },
  ];
  test.each(crossed)("refused: $name", ({ parts }) => {
    expect(codeFor(parts)).toBe("ERR_PKI_SIGNATURE");
  });
});

const rsaSpki = (...key: Uint8Array[]): Buffer => seq(seq(oid("rsaEncryption"), nil()), bits(...key));
const modulus = (bytes: number, first = 0xc1, last = 0x01): Buffer => {
  const n = Buffer.alloc(bytes, 0xa5);
  n[0] = first;
  n[bytes - 1] = last;
  return der(0x02, Buffer.of(0), n);
};
const F4 = int("010001");

describe("row 11: RSA keys", () => {
  // Such a key never gets as far as a signature: what is refused is refused before any maths.
  const rows: { name: string; spki: Buffer; want: string }[] = [
    { name: "2048 bits", spki: rsaSpki(seq(modulus(256), F4)), want: "ERR_PKI_SIGNATURE" },
    { name: "8192 bits", spki: rsaSpki(seq(modulus(1024), F4)), want: "ERR_PKI_SIGNATURE" },
    {
      name: "2047 bits",
      spki: rsaSpki(seq(der(0x02, modulus(256, 0x41).subarray(5)), F4)),
      want: "ERR_PKI_KEY_WEAK",
    },
    { name: "1024 bits", spki: rsaSpki(seq(modulus(128), F4)), want: "ERR_PKI_KEY_WEAK" },
    {
      name: "1024 bits behind 128 zeros",
      spki: rsaSpki(seq(der(0x02, Buffer.alloc(129), modulus(128).subarray(4)), F4)),
      want: "ERR_PKI_KEY",
    },
    { name: "8200 bits", spki: rsaSpki(seq(modulus(1025), F4)), want: "ERR_PKI_KEY_WEAK" },
    { name: "16384 bits", spki: rsaSpki(seq(modulus(2048), F4)), want: "ERR_PKI_KEY_WEAK" },
    { name: "an even modulus", spki: rsaSpki(seq(modulus(256, 0xc1, 0x02), F4)), want: "ERR_PKI_KEY_WEAK" },
    { name: "modulus zero", spki: rsaSpki(seq(int("00"), F4)), want: "ERR_PKI_KEY_WEAK" },
    {
      name: "a negative modulus",
      spki: rsaSpki(seq(der(0x02, modulus(256).subarray(5)), F4)),
      want: "ERR_PKI_STRUCTURE",
    },
    { name: "e = 3", spki: rsaSpki(seq(modulus(256), int("03"))), want: "ERR_PKI_SIGNATURE" },
    { name: "e = 2^31-1", spki: rsaSpki(seq(modulus(256), int("7fffffff"))), want: "ERR_PKI_SIGNATURE" },
    { name: "e = 0", spki: rsaSpki(seq(modulus(256), int("00"))), want: "ERR_PKI_KEY_WEAK" },
    { name: "e = 1", spki: rsaSpki(seq(modulus(256), int("01"))), want: "ERR_PKI_KEY_WEAK" },
    { name: "e = 2", spki: rsaSpki(seq(modulus(256), int("02"))), want: "ERR_PKI_KEY_WEAK" },
    { name: "e = 65536", spki: rsaSpki(seq(modulus(256), int("010000"))), want: "ERR_PKI_KEY_WEAK" },
    { name: "e = 2^31+1", spki: rsaSpki(seq(modulus(256), int("0080000001"))), want: "ERR_PKI_KEY_WEAK" },
    { name: "e of 2048 bits", spki: rsaSpki(seq(modulus(256), modulus(256))), want: "ERR_PKI_KEY_WEAK" },
    { name: "e below zero", spki: rsaSpki(seq(modulus(256), int("ff"))), want: "ERR_PKI_STRUCTURE" },
    { name: "a third number", spki: rsaSpki(seq(modulus(256), F4, int("03"))), want: "ERR_PKI_STRUCTURE" },
    { name: "bytes behind the key", spki: rsaSpki(seq(modulus(256), F4), Buffer.of(0)), want: "ERR_PKI_KEY" },
    { name: "a key that is no SEQUENCE", spki: rsaSpki(F4), want: "ERR_PKI_KEY" },
    { name: "an empty key", spki: rsaSpki(), want: "ERR_PKI_KEY" },
    { name: "a key without a modulus", spki: rsaSpki(seq()), want: "ERR_PKI_STRUCTURE" },
  ];
  test.each(rows)("$name: $want", ({ spki, want }) => {
    expect(codeFor({ key: "rsa", spki })).toBe(want);
  });

  // OpenSSL reads a modulus with zeros in front as the short one: this request carries a true signature.
  test("1024 bits behind zeros, truly signed with", () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const n = Buffer.from(publicKey.export({ format: "jwk" }).n ?? "", "base64url");
    const spki = rsaSpki(seq(der(0x02, Buffer.alloc(130), n), F4));
    const algorithm = seq(oid("sha256WithRsa"), nil());
    expect(codeFor({ key: privateKey, spki, algorithm, digest: "sha256" })).toBe("ERR_PKI_KEY");
  });

  test("the same key in its own 128 bytes", () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const algorithm = seq(oid("sha256WithRsa"), nil());
    expect(codeFor({ key: privateKey, algorithm, digest: "sha256" })).toBe("ERR_PKI_KEY_WEAK");
  });

  test("an 8200-bit key is refused without a look at the signature", () => {
    const spki = rsaSpki(seq(modulus(1025), F4));
    const signature = (): Buffer => Buffer.alloc(1025);
    expect(codeFor({ key: "rsa", spki, signature })).toBe("ERR_PKI_KEY_WEAK");
  });
});

describe("row 12: curves and points", () => {
  const ec = (curve: Uint8Array, point: Uint8Array): Buffer =>
    seq(seq(oid("ecPublicKey"), curve), bits(point));
  const pointOf = (key: KeyObject): Buffer =>
    createPublicKey(key).export({ type: "spki", format: "der" }).subarray(-65);
  const point = pointOf(keyOf("p256"));
  const changed = Buffer.from(point);
  changed[64] = (point[64] ?? 0) ^ 1;
  const compressed = Buffer.concat([Buffer.of(2 + ((point[64] ?? 0) & 1)), point.subarray(1, 33)]);
  const hybrid = Buffer.concat([Buffer.of(6 + ((point[64] ?? 0) & 1)), point.subarray(1)]);
  const generated = (namedCurve: string): Buffer =>
    generateKeyPairSync("ec", { namedCurve }).publicKey.export({ type: "spki", format: "der" });
  const explicit = generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" });
  const ed = (content: Uint8Array, ...parameters: Uint8Array[]): Buffer =>
    seq(seq(oid("ed25519"), ...parameters), bits(content));

  const rows: { name: string; spki: Buffer; want: string }[] = [
    { name: "P-224", spki: generated("secp224r1"), want: "ERR_PKI_KEY_UNSUPPORTED" },
    { name: "secp256k1", spki: generated("secp256k1"), want: "ERR_PKI_KEY_UNSUPPORTED" },
    { name: "brainpoolP256r1", spki: generated("brainpoolP256r1"), want: "ERR_PKI_KEY_UNSUPPORTED" },
    {
      name: "P-256 by explicit parameters",
      spki: explicit.publicKey.export({ type: "spki", format: "der" }),
      want: "ERR_PKI_KEY_UNSUPPORTED",
    },
    { name: "no curve", spki: seq(seq(oid("ecPublicKey")), bits(point)), want: "ERR_PKI_KEY_UNSUPPORTED" },
    { name: "NULL instead of a curve", spki: ec(nil(), point), want: "ERR_PKI_KEY_UNSUPPORTED" },
    { name: "a compressed point", spki: ec(oid("p256"), compressed), want: "ERR_PKI_KEY" },
    { name: "a hybrid point", spki: ec(oid("p256"), hybrid), want: "ERR_PKI_KEY" },
    { name: "the point at infinity", spki: ec(oid("p256"), Buffer.of(0)), want: "ERR_PKI_KEY" },
    { name: "a point off the curve", spki: ec(oid("p256"), changed), want: "ERR_PKI_KEY" },
    {
      name: "x and y zero",
      spki: ec(oid("p256"), Buffer.concat([Buffer.of(4), Buffer.alloc(64)])),
      want: "ERR_PKI_KEY",
    },
    {
      name: "x and y above the field",
      spki: ec(oid("p256"), Buffer.concat([Buffer.of(4), Buffer.alloc(64, 0xff)])),
      want: "ERR_PKI_KEY",
    },
    { name: "a point that is too short", spki: ec(oid("p256"), point.subarray(0, 64)), want: "ERR_PKI_KEY" },
    {
      name: "a byte behind the point",
      spki: ec(oid("p256"), Buffer.concat([point, Buffer.of(0)])),
      want: "ERR_PKI_KEY",
    },
    { name: "no point", spki: ec(oid("p256"), Buffer.of()), want: "ERR_PKI_KEY" },
    { name: "Ed25519 with NULL parameters", spki: ed(Buffer.alloc(32, 1), nil()), want: "ERR_PKI_KEY" },
    { name: "Ed25519 of 31 bytes", spki: ed(Buffer.alloc(31, 1)), want: "ERR_PKI_KEY" },
    { name: "Ed25519 of 33 bytes", spki: ed(Buffer.alloc(33, 1)), want: "ERR_PKI_KEY" },
    {
      name: "RSA without NULL",
      spki: seq(seq(oid("rsaEncryption")), bits(seq(modulus(256), F4))),
      want: "ERR_PKI_KEY",
    },
    { name: "DSA", spki: seq(seq(oid("dsa"), seq()), bits(int("02"))), want: "ERR_PKI_KEY_UNSUPPORTED" },
    {
      name: "Ed448",
      spki: generateKeyPairSync("ed448").publicKey.export({ type: "spki", format: "der" }),
      want: "ERR_PKI_KEY_UNSUPPORTED",
    },
    {
      name: "X25519",
      spki: generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "der" }),
      want: "ERR_PKI_KEY_UNSUPPORTED",
    },
    {
      name: "a key in a BIT STRING with unused bits",
      spki: seq(seq(oid("ed25519")), der(0x03, Buffer.of(1), Buffer.alloc(32, 2))),
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "something behind the key",
      spki: seq(seq(oid("ed25519")), bits(Buffer.alloc(32, 1)), nil()),
      want: "ERR_PKI_STRUCTURE",
    },
    {
      name: "a third part of the algorithm",
      spki: seq(seq(oid("ecPublicKey"), oid("p256"), nil()), bits(point)),
      want: "ERR_PKI_STRUCTURE",
    },
  ];
  test.each(rows)("$name: $want", ({ spki, want }) => {
    expect(codeFor({ key: "p256", spki })).toBe(want);
  });

  // All encodings of points whose order divides 8 (each y with both signs), written down from the curve's own equation.
  test.each(smallOrder())("Ed25519 of small order: %s", (encoded) => {
    expect(codeFor({ spki: ed(hex(encoded)) })).toBe("ERR_PKI_KEY_WEAK");
  });

  test("a zero key, for which a signature of zeros verifies", () => {
    const parts = { spki: ed(Buffer.alloc(32)), signature: () => Buffer.alloc(64) };
    expect(codeFor(parts)).toBe("ERR_PKI_KEY_WEAK");
  });

  test("each allowed kind is named with its size", () => {
    const read = KEYS.map((key) => readCertificateRequest(requestPem({ key })).publicKey);
    expect(read.map(({ type, bits: size }) => `${type} ${size}`)).toEqual([
      "ed25519 256",
      "ecdsa-p256 256",
      "ecdsa-p384 384",
      "ecdsa-p521 521",
      "rsa 4096",
    ]);
  });

  test.each(CA_TYPES)("Talos's own requests pass: %s", (type) => {
    expect(codeOf(() => readCertificateRequest(fixture(`${type}/worker.csr`)))).toBe("ok");
  });
});

/** Little-endian encodings of y of the eight points of small order, with either sign and above the prime where it fits. */
function smallOrder(): string[] {
  const p = 2n ** 255n - 19n;
  const power = (base: bigint, exponent: bigint): bigint => {
    let result = 1n;
    for (let b = base % p, e = exponent; e > 0n; e >>= 1n, b = (b * b) % p)
      if (e & 1n) result = (result * b) % p;
    return result;
  };
  const inverse = (value: bigint): bigint => power(value, p - 2n);
  const root = (value: bigint): bigint => {
    const candidate = power(value, (p + 3n) / 8n);
    return (candidate * candidate - value) % p === 0n
      ? candidate
      : (candidate * power(2n, (p - 1n) / 4n)) % p;
  };
  const d = (((p - 121665n) % p) * inverse(121666n)) % p;
  // Order 1, 2: (0, ±1). Order 4: (±√-1, 0). Order 8: y² = x² up to sign, so d·y⁴ + 2·y² - 1 = 0 where x² = -y².
  const halves = [1n, p - 1n].map(
    (either) => (((((p - 1n + either * root((1n + d) % p)) % p) + p) % p) * inverse(d)) % p,
  );
  const eighth = halves.map(root).find((y) => (((d * power(y, 4n) + 2n * y * y - 1n) % p) + p) % p === 0n);
  if (eighth === undefined) throw new Error("the equation of the points of order 8 has a solution");
  const ys = [0n, 1n, p - 1n, p, p + 1n, eighth, p - eighth];
  return ys
    .flatMap((y) => [y, y + 2n ** 255n])
    .map((value) => {
      const bigEndian = Buffer.from(value.toString(16).padStart(64, "0"), "hex");
      return Buffer.from(bigEndian.toReversed()).toString("hex");
    });
}
