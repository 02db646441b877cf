import {
  createHttpRequest,
  createVaultCall,
  type BareVaultCall,
  type VaultAnswer,
} from "@talos-bridge/vault";
import { readFileSync } from "node:fs";
import type { OpenBao } from "./openbao.ts";

/** What the seed's proxy needs, and nothing more: `create` lets the first Seal of a new node make its key. */
export const TRANSIT_POLICY = `
path "transit/encrypt/+" { capabilities = ["create", "update"] }
path "transit/decrypt/+" { capabilities = ["update"] }
`;

/** Mounts transit and writes the policy `kms`. */
export async function setUpTransit(bao: OpenBao, policy: string = TRANSIT_POLICY): Promise<void> {
  await bao.admin({ method: "POST", path: "sys/mounts/transit", body: { type: "transit" } });
  await writePolicy(bao, "kms", policy);
}

export async function writePolicy(bao: OpenBao, name: string, policy: string): Promise<void> {
  await bao.admin({ method: "PUT", path: `sys/policies/acl/${name}`, body: { policy } });
}

/** A token with the policy `kms` and `default`, and what else is asked. */
export async function createToken(
  bao: OpenBao,
  body: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const answer = await bao.admin({
    method: "POST",
    path: "auth/token/create",
    body: { policies: ["kms"], ...body },
  });
  return textOf(answer.auth?.["client_token"]);
}

/** An approle role; its role-id. */
export async function createAppRole(
  bao: OpenBao,
  name: string,
  body: Readonly<Record<string, unknown>>,
): Promise<string> {
  await bao.admin({ method: "POST", path: `auth/approle/role/${name}`, body });
  const { data } = await bao.admin({ method: "GET", path: `auth/approle/role/${name}/role-id` });
  return textOf(data["role_id"]);
}

export async function createSecretId(bao: OpenBao, role: string): Promise<string> {
  const { data } = await bao.admin({
    method: "POST",
    path: `auth/approle/role/${role}/secret-id`,
    body: {},
  });
  return textOf(data["secret_id"]);
}

/** A response-wrapped secret-id: the wrapping token. */
export async function createWrappedSecretId(bao: OpenBao, role: string): Promise<string> {
  return await wrap(bao, { method: "POST", path: `auth/approle/role/${role}/secret-id`, body: {} });
}

/** Any operation with its answer wrapped: the wrapping token. */
export async function wrap(bao: OpenBao, operation: Parameters<BareVaultCall>[0]): Promise<string> {
  const { request } = createHttpRequest({
    address: bao.address,
    ...(bao.caFile !== undefined && { tls: { ca: readFileSync(bao.caFile, "utf8") } }),
  });
  const call = createVaultCall({ request, headers: { "X-Vault-Wrap-TTL": "120s" } });
  const answer: VaultAnswer = await call({ token: bao.rootToken(), ...operation });
  return textOf(answer.wrapInfo?.["token"]);
}

export function textOf(value: unknown): string {
  if (typeof value !== "string" || value === "") throw new Error("the server gave no text");
  return value;
}
