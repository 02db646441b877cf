import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { PrivateKey } from "./private-key.ts";
import { readSpki } from "./public-key.ts";

/** Keys that are made here. RSA of 4096 bits, as Talos does, takes seconds. */
export type GeneratedKeyType = "ed25519" | "ecdsa-p256" | "rsa-2048" | "rsa-4096";

const generate = promisify(generateKeyPair);

/** Makes a key pair in the thread pool. */
export async function generateKey(type: GeneratedKeyType): Promise<PrivateKey> {
  const key = await generateKeyObject(type);
  return { key: key.privateKey, publicKey: readSpki(key.publicKey.export({ type: "spki", format: "der" })) };
}

function generateKeyObject(type: GeneratedKeyType): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  switch (type) {
    case "ed25519":
      return generate("ed25519");
    case "ecdsa-p256":
      return generate("ec", { namedCurve: "prime256v1" });
    case "rsa-2048":
      return generate("rsa", { modulusLength: 2048 });
    case "rsa-4096":
      return generate("rsa", { modulusLength: 4096 });
  }
}
