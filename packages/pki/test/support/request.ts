import { encodePem } from "@talos-bridge/pem";
import { createPublicKey, sign, type KeyObject } from "node:crypto";
import { bits, der, int, name, nil, oid, seq, set, type OidName } from "./der.ts";
import { keyOf, type KeyName } from "./keys.ts";

/** What to write instead of a plain, good request's parts; each is a whole DER value. */
export interface RequestParts {
  readonly version?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly spki?: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
  /** Whole `[0]`; over `extensions`. */
  readonly attributes?: Uint8Array;
  /** Behind the attributes. */
  readonly moreInfo?: Uint8Array;
  readonly algorithm?: Uint8Array;
  readonly key?: KeyName | KeyObject;
  readonly digest?: string;
  /** Makes the BIT STRING's value out of the signature over the info. */
  readonly signature?: (signature: Buffer, info: Buffer) => Uint8Array;
  /** Behind the signature. */
  readonly moreRequest?: Uint8Array;
}

/** The DER of a request whose signature fits whatever its parts are. */
export function requestDer(parts: RequestParts = {}): Buffer {
  const { key = "ed25519", signature = (made) => made } = parts;
  const privateKey = typeof key === "string" ? keyOf(key) : key;
  const info = seq(
    parts.version ?? int("00"),
    parts.subject ?? name(["commonName", "worker-1"]),
    parts.spki ?? spkiOf(privateKey),
    parts.attributes ?? attributesOf(parts.extensions ?? []),
    parts.moreInfo ?? Buffer.of(),
  );
  const made = sign(parts.digest ?? (typeof key === "string" ? DIGESTS[key] : null), info, privateKey);
  return seq(
    info,
    parts.algorithm ?? algorithmOf(typeof key === "string" ? key : "ed25519"),
    bits(signature(made, info)),
    parts.moreRequest ?? Buffer.of(),
  );
}

export const requestPem = (parts: RequestParts = {}): string =>
  encodePem("CERTIFICATE REQUEST", requestDer(parts));

export function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: "spki", format: "der" });
}

export function attributesOf(extensions: readonly Uint8Array[]): Buffer {
  return der(
    0xa0,
    ...(extensions.length === 0 ? [] : [seq(oid("extensionRequest"), set(seq(...extensions)))]),
  );
}

const DIGESTS: Readonly<Record<KeyName, string | null>> = {
  ed25519: null,
  p256: "sha256",
  p384: "sha384",
  p521: "sha512",
  rsa: "sha256",
};

const ALGORITHMS: Readonly<Record<KeyName, OidName>> = {
  ed25519: "ed25519",
  p256: "ecdsaWithSha256",
  p384: "ecdsaWithSha384",
  p521: "ecdsaWithSha512",
  rsa: "sha256WithRsa",
};

function algorithmOf(key: KeyName): Buffer {
  return key === "rsa" ? seq(oid(ALGORITHMS[key]), nil()) : seq(oid(ALGORITHMS[key]));
}
