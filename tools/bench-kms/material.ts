import { create, toBinary } from "@bufbuild/protobuf";
import { KmsRequestSchema } from "@talos-bridge/api";
import { makeThrowAwayCluster } from "@talos-bridge/testing";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { makeServing } from "../bench/material.ts";
import { createToken, setUpTransit } from "../integration-openbao/openbao-setup.ts";
import { startOpenBao, type OpenBao } from "../integration-openbao/openbao.ts";
import type { SealedNode } from "./loads.ts";

/** A running OpenBao, keys of nodes sealed there, and what kms-vault serves with. */
export interface Material {
  readonly bao: OpenBao;
  readonly baoPid: number;
  readonly token: string;
  readonly nodes: readonly SealedNode[];
  readonly caPem: string;
  readonly serving: { readonly certificate: string; readonly key: string };
}

/** OpenBao without an audit file and called in plaintext: neither its disk nor a second TLS is what is to be measured. */
export async function makeMaterial(dir: string, nodes: number): Promise<Material> {
  const now = new Date();
  const cluster = await makeThrowAwayCluster(dir, now);
  const serving = await makeServing(dir, cluster, now);
  const folder = join(dir, "openbao");
  mkdirSync(folder);
  const bao = await startOpenBao({ folder, audited: false });
  await bao.initialize();
  await setUpTransit(bao);
  const sealed: SealedNode[] = [];
  for (let i = 0; i < nodes; i++) sealed.push(await sealNode(bao));
  const token = await createToken(bao);
  return { bao, baoPid: bao.pid() ?? 0, token, nodes: sealed, caPem: cluster.caPem, serving };
}

async function sealNode(bao: OpenBao): Promise<SealedNode> {
  const uuid = randomUUID();
  const key = randomBytes(32);
  const answer = await bao.admin({
    method: "POST",
    path: `transit/encrypt/${uuid}`,
    body: { plaintext: key.toString("base64") },
  });
  const ciphertext = String(answer.data["ciphertext"]);
  const message = toBinary(
    KmsRequestSchema,
    create(KmsRequestSchema, { nodeUuid: uuid, data: Buffer.from(ciphertext) }),
  );
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return { uuid, key, ciphertext, frame: Buffer.concat([prefix, message]) };
}
