import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  createCertificateAuthority,
  createCertificateRequest,
  generateKey,
  type GeneratedKeyType,
} from "@talos-bridge/pki";

/** Files of a Talos PKI that lives as long as a demonstration or a test. */
export interface ThrowAwayCluster {
  readonly caCertificate: string;
  readonly caKey: string;
  readonly tokenFile: string;
  readonly token: string;
  readonly caPem: string;
  /** A worker's request, for trying by hand. */
  readonly exampleRequest: string;
}

/** Makes a CA, a join token of the shape that Talos's own have, and an example request, readable by the owner alone. */
export async function makeThrowAwayCluster(
  dir: string,
  now: Date,
  keyType: GeneratedKeyType = "ed25519",
): Promise<ThrowAwayCluster> {
  const { certificatePem, keyPem } = await createCertificateAuthority({ keyType, now });
  const token = `${randomLetters(6)}.${randomLetters(16)}`;
  const request = await createCertificateRequest({
    names: { commonName: "worker-2", dnsNames: ["worker-2"], ipAddresses: ["10.5.0.5", "127.0.0.1"] },
    privateKey: await generateKey("ed25519"),
  });
  const write = (name: string, content: string): string => {
    const path = join(dir, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  return {
    caCertificate: write("ca.crt", certificatePem),
    caKey: write("ca.key", keyPem),
    tokenFile: write("token", `${token}\n`),
    exampleRequest: write("worker.csr", request),
    token,
    caPem: certificatePem,
  };
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

function randomLetters(count: number): string {
  return [...randomBytes(count)].map((byte) => ALPHABET[byte % ALPHABET.length]).join("");
}
