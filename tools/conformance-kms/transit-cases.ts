import { strict as assert } from "node:assert";
import { randomBytes, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  createAppRole,
  createSecretId,
  createToken,
  createWrappedSecretId,
  writePolicy,
} from "../integration-openbao/openbao-setup.ts";
import type { OpenBao } from "../integration-openbao/openbao.ts";
import { oneRefusal, opens, refused, roundTrip, type Case } from "./checks.ts";
import type { TalosNode, Target } from "./node.ts";
import { startKms, type Kms } from "./program.ts";

export interface TransitInput {
  readonly bao: OpenBao;
  readonly version: string;
  readonly node: TalosNode;
  readonly folder: string;
  readonly caFile: string;
  readonly serving: { readonly certFile: string; readonly keyFile: string };
}

/** Lengths of `vault:v1:` and of a 32-byte key's ciphertext in base64. */
const PREFIX_LENGTH = 9;

/** One OpenBao, with all a node and an operator do to it. */
export function transitCases(input: TransitInput): readonly Case[] {
  const { bao, version, node, folder, caFile, serving } = input;
  const at = { VAULT_ADDR: bao.address, VAULT_CACERT: bao.caFile };
  const targetOf = ({ hostPort }: Kms): Target => ({ endpoints: [`https://${hostPort}`], caFile });

  async function withKms<T>(
    env: Readonly<Record<string, string>>,
    use: (target: Target, kms: Kms) => Promise<T>,
  ): Promise<T> {
    const kms = await startKms({ env: { ...at, ...env }, serving });
    try {
      return await use(targetOf(kms), kms);
    } finally {
      await kms.stop();
    }
  }

  async function withPolicy<T>(
    policy: string,
    env: Readonly<Record<string, string>>,
    use: (target: Target) => Promise<T>,
  ): Promise<T> {
    const name = `kms-${randomBytes(4).toString("hex")}`;
    await writePolicy(bao, name, policy);
    const token = await createToken(bao, { policies: [name] });
    return await withKms({ VAULT_TOKEN: token, ...env }, use);
  }

  /** As the Go proxy does: the UUID as it came names the key. */
  async function sealAsGoProxy(name: string): Promise<{ readonly key: Buffer; readonly blob: Buffer }> {
    const key = randomBytes(32);
    const { data } = await bao.admin({
      method: "POST",
      path: `transit/encrypt/${name}`,
      body: { plaintext: key.toString("base64") },
    });
    return { key, blob: Buffer.from(String(data["ciphertext"])) };
  }

  async function keyNames(): Promise<readonly string[]> {
    const answer = await bao.admin({ method: "GET", path: "transit/keys?list=true" });
    const names = answer.data["keys"];
    return Array.isArray(names) ? names.map(String) : [];
  }

  async function writeSecret(name: string, text: string): Promise<string> {
    const file = join(folder, `${name}-${randomBytes(4).toString("hex")}`);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }

  const cases: readonly Case[] = [
    {
      name: "a token: round trip, and it lives on when kms-vault ends",
      async run() {
        const token = await createToken(bao);
        await withKms({ VAULT_TOKEN: token }, (target) => roundTrip(node, target, randomUUID()));
        await bao.admin({ method: "GET", path: "auth/token/lookup-self", token });
      },
    },
    {
      name: "approle: round trip, and its token is revoked when kms-vault ends",
      async run() {
        const roleId = await createAppRole(bao, "plain", { token_policies: "kms", token_ttl: "120s" });
        const secretId = await writeSecret("secret-id", await createSecretId(bao, "plain"));
        await withKms({ VAULT_ROLE_ID: roleId, VAULT_SECRET_ID_FILE: secretId }, (target) =>
          roundTrip(node, target, randomUUID()),
        );
        assert.equal(bao.auditedPaths().filter((path) => path === "auth/token/revoke-self").length, 1);
      },
    },
    {
      name: "approle with a wrapped secret-id: round trip",
      async run() {
        const roleId = await createAppRole(bao, "wrapped", { token_policies: "kms", token_ttl: "120s" });
        const secretId = await writeSecret("wrapped", await createWrappedSecretId(bao, "wrapped"));
        await withKms(
          {
            VAULT_ROLE_ID: roleId,
            VAULT_SECRET_ID_FILE: secretId,
            VAULT_SECRET_ID_RESPONSE_WRAPPING_PATH: "auth/approle/role/wrapped/secret-id",
          },
          (target) => roundTrip(node, target, randomUUID()),
        );
      },
    },
    {
      name: "what the Go proxy sealed unseals, under its upper-case key too, and after the node sealed anew",
      async run() {
        const token = await createToken(bao);
        await withKms({ VAULT_TOKEN: token }, async (target, kms) => {
          const lower = randomUUID();
          const old = await sealAsGoProxy(lower);
          await opens(node, target, lower, old.blob, old.key);

          const upper = randomUUID().toUpperCase();
          const oldUpper = await sealAsGoProxy(upper);
          await opens(node, target, upper, oldUpper.blob, oldUpper.key);
          const anew = await roundTrip(node, target, upper);
          const names = await keyNames();
          assert.ok(names.includes(upper) && names.includes(upper.toLowerCase()), "both keys are there");
          await opens(node, target, upper, oldUpper.blob, oldUpper.key);
          await opens(node, target, upper, anew.blob, anew.key);
          // A node that now gives its UUID in lower case has to seal anew: nothing tells which spelling it had.
          await opens(node, target, upper.toLowerCase(), anew.blob, anew.key);
          refused(await node.unseal(target, upper.toLowerCase(), oldUpper.blob), "PermissionDenied");
          assert.ok(!kms.output().includes(oldUpper.key.toString("base64")), "a key is in the log");
        });
      },
    },
    {
      name: "blobs outlive a rotation of the node's key, until its old version is given up",
      async run() {
        const token = await createToken(bao);
        await withKms({ VAULT_TOKEN: token }, async (target) => {
          const uuid = randomUUID();
          const first = await roundTrip(node, target, uuid);
          await bao.admin({ method: "POST", path: `transit/keys/${uuid}/rotate`, body: {} });
          const second = await roundTrip(node, target, uuid);
          assert.ok(second.blob.toString().startsWith("vault:v2:"));
          await opens(node, target, uuid, first.blob, first.key);
          await bao.admin({
            method: "POST",
            path: `transit/keys/${uuid}/config`,
            body: { min_decryption_version: 2 },
          });
          refused(await node.unseal(target, uuid, first.blob), "PermissionDenied");
          await opens(node, target, uuid, second.blob, second.key);
        });
      },
    },
    {
      name: "foreign, cut and flipped blobs are refused alike",
      async run() {
        const token = await createToken(bao);
        return await withKms({ VAULT_TOKEN: token }, (target) => oneRefusal(node, target, PREFIX_LENGTH));
      },
    },
    {
      name: "what is no ciphertext of transit is told so",
      async run() {
        const token = await createToken(bao);
        await withKms({ VAULT_TOKEN: token }, async (target) => {
          for (const text of ["", "vault:", "vault:v0:AAAA", "tbk:v1:1:AAAA", "VAULT:v1:AAAA", "vault:v1x"]) {
            refused(await node.unseal(target, randomUUID(), Buffer.from(text)), "InvalidArgument");
          }
        });
      },
    },
    {
      name: "a policy that may encrypt and not decrypt: Seal gives no blob",
      run: () =>
        withPolicy('path "transit/encrypt/+" { capabilities = ["create", "update"] }', {}, async (target) =>
          refused(await node.seal(target, randomUUID()), "PermissionDenied"),
        ),
    },
    {
      name: "a policy without create: an unknown node is refused, a known one served",
      run: () =>
        withPolicy('path "transit/+/+" { capabilities = ["update"] }', {}, async (target) => {
          const [known, unknown] = [randomUUID(), randomUUID()];
          await bao.admin({ method: "POST", path: `transit/keys/${known}`, body: {} });
          await roundTrip(node, target, known);
          const seen = refused(await node.seal(target, unknown), "PermissionDenied");
          assert.ok(!(await keyNames()).includes(unknown));
          return seen;
        }),
    },
    {
      name: "KMS_KEY_POLICY=precreate makes no key, though the token's policy would",
      async run() {
        const token = await createToken(bao);
        const env = { VAULT_TOKEN: token, KMS_KEY_POLICY: "precreate" };
        return await withKms(env, async (target) => {
          const [known, unknown] = [randomUUID(), randomUUID()];
          await bao.admin({ method: "POST", path: `transit/keys/${known}`, body: {} });
          const before = await keyNames();
          await roundTrip(node, target, known);
          const seen = refused(await node.seal(target, unknown), "PermissionDenied");
          refused(
            await node.seal(target, known.replace(/^./, known.startsWith("0") ? "1" : "0")),
            "PermissionDenied",
          );
          assert.deepEqual(await keyNames(), before);
          return seen;
        });
      },
    },
    {
      name: "a key that is there for signatures: Seal says so, and gives no blob",
      async run() {
        const token = await createToken(bao);
        return await withKms({ VAULT_TOKEN: token }, async (target) => {
          const uuid = randomUUID();
          await bao.admin({ method: "POST", path: `transit/keys/${uuid}`, body: { type: "ed25519" } });
          return refused(await node.seal(target, uuid), "FailedPrecondition");
        });
      },
    },
    {
      name: "a node's key deleted: refused as any other, and the next Seal starts over",
      async run() {
        const token = await createToken(bao);
        await withKms({ VAULT_TOKEN: token }, async (target) => {
          const uuid = randomUUID();
          const { blob } = await roundTrip(node, target, uuid);
          await bao.admin({
            method: "POST",
            path: `transit/keys/${uuid}/config`,
            body: { deletion_allowed: true },
          });
          await bao.admin({ method: "DELETE", path: `transit/keys/${uuid}` });
          refused(await node.unseal(target, uuid, blob), "PermissionDenied");
          await roundTrip(node, target, uuid);
          refused(await node.unseal(target, uuid, blob), "PermissionDenied");
        });
      },
    },
  ];
  return cases.map(({ name, run }) => ({ name: `OpenBao ${version}: ${name}`, run }));
}
