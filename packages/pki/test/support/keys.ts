import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { fixture } from "./fixtures.ts";

/** Keys of requests, made once a test file; RSA takes too long for that and comes from the fixtures. */
export type KeyName = "ed25519" | "p256" | "p384" | "p521" | "rsa";

const MAKERS: Readonly<Record<KeyName, () => KeyObject>> = {
  ed25519: () => generateKeyPairSync("ed25519").privateKey,
  p256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
  p384: () => generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey,
  p521: () => generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey,
  rsa: () => createPrivateKey(fixture("rsa-4096/ca.key")),
};

const made = new Map<KeyName, KeyObject>();

export function keyOf(name: KeyName): KeyObject {
  const key = made.get(name) ?? MAKERS[name]();
  made.set(name, key);
  return key;
}
