import { generateKey } from "./generate-key.ts";
import { encodePrivateKey } from "./key-format.ts";
import type { PrivateKey } from "./private-key.ts";

/** Types that Talos's own code makes: RSA of 4096 bits since 1.7, ECDSA before (machinery config/contract.go). */
export type ServiceAccountKeyType = "rsa-4096" | "ecdsa-p256";

/**
 * Makes the key that Kubernetes's service account tokens are signed with: a key alone, not a CA. RSA takes seconds. The PEM is
 * in Talos's own format.
 */
export async function createServiceAccountKey(
  type: ServiceAccountKeyType = "rsa-4096",
): Promise<{ readonly privateKey: PrivateKey; readonly keyPem: string }> {
  const privateKey = await generateKey(type);
  return { privateKey, keyPem: encodePrivateKey(privateKey, "talos") };
}
