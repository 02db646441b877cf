import { strict as assert } from "node:assert";
import { randomBytes, randomUUID } from "node:crypto";
import { join } from "node:path";
import { oneRefusal, opens, refused, roundTrip, type Case } from "./checks.ts";
import type { TalosNode } from "./node.ts";
import { startKms, type Kms } from "./program.ts";

export interface KeyringInput {
  readonly node: TalosNode;
  readonly folder: string;
  readonly caFile: string;
  /** Of a CA that has nothing to do with it. */
  readonly strangerCaFile: string;
  readonly serving: { readonly certFile: string; readonly keyFile: string };
}

/** The embedded keyring, in plaintext and with TLS. */
export function keyringCases({
  node,
  folder,
  caFile,
  strangerCaFile,
  serving,
}: KeyringInput): readonly Case[] {
  const env = {
    KMS_BACKEND: "keyring",
    KMS_KEYRING_PATH: join(folder, "keyring.json"),
    KMS_KEYRING_CREATE: "true",
  };
  const withKms = async <T>(options: object, use: (kms: Kms) => Promise<T>): Promise<T> => {
    const kms = await startKms({ env, ...options });
    try {
      return await use(kms);
    } finally {
      await kms.stop();
    }
  };
  return [
    {
      name: "keyring: plaintext endpoints with and without a scheme",
      run: () =>
        withKms({}, async ({ hostPort }) => {
          const uuid = randomUUID();
          const { key, blob } = await roundTrip(node, { endpoints: [`grpc://${hostPort}`] }, uuid);
          await opens(node, { endpoints: [hostPort] }, uuid, blob, key);
        }),
    },
    {
      name: "keyring: TLS, and sealed keys outlive the process",
      async run() {
        const uuid = randomUUID();
        const targetOf = ({ hostPort }: Kms): { endpoints: string[]; caFile: string } => ({
          endpoints: [`https://${hostPort}`],
          caFile,
        });
        const { key, blob } = await withKms({ serving }, (kms) => roundTrip(node, targetOf(kms), uuid));
        await withKms({ serving }, (kms) => opens(node, targetOf(kms), uuid, blob, key));
      },
    },
    {
      name: "keyring: upper and lower case name the same node",
      run: () =>
        withKms({}, async ({ hostPort }) => {
          const target = { endpoints: [hostPort] };
          const uuid = randomUUID();
          const { key, blob } = await roundTrip(node, target, uuid.toUpperCase());
          await opens(node, target, uuid, blob, key);
        }),
    },
    {
      name: "keyring: foreign, cut and flipped blobs are refused alike",
      run: () =>
        withKms({}, ({ hostPort }) => oneRefusal(node, { endpoints: [hostPort] }, "tbk:v1:1:".length)),
    },
    {
      name: "keyring: Seal takes 32 bytes and nothing else",
      run: () =>
        withKms({}, async ({ hostPort }) => {
          for (const size of [0, 31, 33, 4096]) {
            const answer = await node.seal({ endpoints: [hostPort] }, randomUUID(), randomBytes(size));
            refused(answer, "InvalidArgument");
          }
          const huge = await node.seal({ endpoints: [hostPort] }, randomUUID(), randomBytes(70_000));
          refused(huge, "ResourceExhausted");
        }),
    },
    {
      name: "a node that does not trust the KMS sends it nothing",
      run: () =>
        withKms({ serving }, async (kms) => {
          const stranger = { endpoints: [`https://${kms.hostPort}`], caFile: strangerCaFile };
          const answer = await node.seal(stranger, randomUUID());
          refused(answer, "Unavailable");
          assert.equal(kms.logged('"sealed"'), 0);
        }),
    },
  ];
}
