import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { KMSService } from "@talos-bridge/api";
import { randomBytes, randomUUID } from "node:crypto";

/** What a node keeps on its disk, and what it got back for it. */
export interface SealedKey {
  readonly nodeUuid: string;
  /** As it stands in the node's volume header: text. */
  readonly ciphertext: string;
}

/** Does what a Talos node does with a KMS: has a new disk key of 32 bytes sealed, and, as after a reboot, unsealed again. */
export async function sealAndUnseal(address: string, nodeUuid: string = randomUUID()): Promise<SealedKey> {
  const baseUrl = `http://${address}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  const client = createClient(KMSService, createGrpcTransport({ baseUrl, sessionManager }));
  const diskKey = randomBytes(32);
  const options = { timeoutMs: 10_000 };
  try {
    const sealed = await client.seal({ nodeUuid, data: diskKey }, options);
    const ciphertext = Buffer.from(sealed.data).toString("latin1");
    if (sealed.data.length <= diskKey.length || Buffer.from(sealed.data).includes(diskKey)) {
      throw new Error("the sealed key is not sealed");
    }
    const unsealed = await client.unseal({ nodeUuid, data: sealed.data }, options);
    if (!diskKey.equals(unsealed.data)) throw new Error("the unsealed key is another one");
    return { nodeUuid, ciphertext };
  } finally {
    sessionManager.abort();
  }
}
