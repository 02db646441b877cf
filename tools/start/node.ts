import { createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { KMSService } from "@talos-bridge/api";
import { randomBytes, randomUUID } from "node:crypto";

/** What a node keeps on its disk, and the key that is never written there. */
export interface SealedKey {
  readonly nodeUuid: string;
  readonly diskKey: Buffer;
  /** As it stands in the node's volume header: text. */
  readonly ciphertext: string;
}

/** Gives a client of a KMS on plaintext HTTP/2 to `use`, and closes its connection whatever comes. */
export async function withKms<T>(
  address: string,
  use: (kms: Client<typeof KMSService>) => Promise<T>,
): Promise<T> {
  const baseUrl = `http://${address}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  const transport = createGrpcTransport({ baseUrl, sessionManager, defaultTimeoutMs: 10_000 });
  try {
    return await use(createClient(KMSService, transport));
  } finally {
    sessionManager.abort();
  }
}

/** Does what a Talos node does with a KMS: has a new disk key of 32 bytes sealed, and, as after a reboot, unsealed again. */
export function sealAndUnseal(address: string): Promise<SealedKey> {
  const nodeUuid = randomUUID();
  const diskKey = randomBytes(32);
  return withKms(address, async (kms) => {
    const { data } = await kms.seal({ nodeUuid, data: diskKey });
    const sealed = Buffer.from(data);
    if (sealed.includes(diskKey)) throw new Error("the sealed key is not sealed");
    const unsealed = await kms.unseal({ nodeUuid, data });
    if (!diskKey.equals(unsealed.data)) throw new Error("the unsealed key is another one");
    return { nodeUuid, diskKey, ciphertext: sealed.toString("latin1") };
  });
}
