// A node seals and unseals with a KMS that runs; another node is refused. What was sealed is kept in a file, and where that is
// there already, it has to unseal to what it was.
//
//   node --conditions=@talos-bridge/source tools/image/use-kms.ts ADDRESS KEPT-FILE
import { Code, ConnectError } from "@connectrpc/connect";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { sealAndUnseal, withKms } from "../start/node.ts";

interface Kept {
  readonly nodeUuid: string;
  readonly diskKey: string;
  readonly ciphertext: string;
}

const [address = "", keptFile = ""] = process.argv.slice(2);
if (existsSync(keptFile)) {
  const kept: Kept = JSON.parse(readFileSync(keptFile, "utf8"));
  const data = Buffer.from(kept.ciphertext, "latin1");
  await withKms(address, async (kms) => {
    const unsealed = await kms.unseal({ nodeUuid: kept.nodeUuid, data });
    if (Buffer.from(unsealed.data).toString("base64") !== kept.diskKey)
      throw new Error("another key came back");
    const other = await kms.unseal({ nodeUuid: randomUUID(), data }).then(
      () => undefined,
      (error: unknown) => ConnectError.from(error).code,
    );
    if (other !== Code.PermissionDenied) throw new Error("another node is not refused");
  });
  console.log("what was sealed before unseals, for its own node alone");
} else {
  const { nodeUuid, diskKey, ciphertext } = await sealAndUnseal(address);
  const kept: Kept = { nodeUuid, diskKey: diskKey.toString("base64"), ciphertext };
  writeFileSync(keptFile, JSON.stringify(kept));
  console.log(`sealed and unsealed: ${ciphertext.slice(0, 24)}…`);
}
