// docs/guides/kms-auth.md and disaster-recovery.md: their commands, as they stand there, against real servers.
import { strict as assert } from "node:assert";
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeLeaf, type CertificateFiles } from "./certificates.ts";
import type { Case } from "./client.ts";
import { createShell } from "./guide.ts";
import { createToken, writePolicy } from "./openbao-setup.ts";
import type { OpenBao } from "./openbao.ts";
import { until } from "./wait.ts";
import { DISK_KEY, refusalOf, sealKey, unsealKey, withProgram, type Program } from "./program.ts";
import type { TokenReviewer } from "./token-review.ts";

interface GuideCasesInput {
  /** Nothing is set up in it. */
  readonly bao: OpenBao;
  /** Empty, to be restored into. */
  readonly second: OpenBao;
  readonly ca: CertificateFiles;
  readonly reviewer: TokenReviewer;
  readonly folder: string;
}

type Kms = Program["kms"];

export function guideCases(input: GuideCasesInput): readonly Case[] {
  const own = (name: string): GuideCasesInput => ({
    ...input,
    folder: mkdtempSync(join(input.folder, name)),
  });
  return [...loginCases(own("login-")), ...policyCases(own("policy-")), ...recoveryCases(own("recovery-"))];
}

function loginCases({ bao, ca, reviewer, folder }: GuideCasesInput): readonly Case[] {
  const kubectl = `case "$*" in
*'"ca.crt"'*) cat '${ca.certFile}' ;;
*.data.token*) cat '${folder}/reviewer' ;;
'config view'*) printf %s '${reviewer.address}' ;;
*) exit 1 ;;
esac`;
  const shell = createShell("kms-auth", folder, kubectl);
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write("reviewer", reviewer.issue("talos-kms", "vault-reviewer"));

  const logins: readonly { heading: string; prepare?: () => void }[] = [
    { heading: "Kubernetes", prepare: () => write("token", reviewer.issue("talos-kms", "talos-kms")) },
    {
      heading: "JWT",
      prepare: () =>
        write(
          "token",
          issueJwt((pem) => write("sa.pub", pem)),
        ),
    },
    { heading: "AppRole" },
    { heading: "AppRole with a wrapped secret-id" },
    { heading: "AppRole with a role-id alone" },
    {
      heading: "Cert",
      prepare() {
        const leaf = makeLeaf(folder, "talos-kms", ca);
        copyFileSync(ca.certFile, join(folder, "clients-ca.crt"));
        copyFileSync(leaf.certFile, join(folder, "tls.crt"));
        copyFileSync(leaf.keyFile, join(folder, "tls.key"));
      },
    },
    { heading: "Agent" },
    { heading: "Token" },
    { heading: "Token file" },
  ];
  return [
    {
      name: "guide: the mount and the policy",
      async run() {
        shell.follow(["Transit", "Policy"], bao);
      },
    },
    ...logins.map(({ heading, prepare }) => ({
      name: `guide: ${heading}: its commands log in, a node's key is sealed and unsealed`,
      async run() {
        prepare?.();
        const env = shell.follow([heading], bao, { KMS_NETWORKS: "127.0.0.0/8" });
        try {
          await withKms(env, async (kms) => {
            const nodeUuid = randomUUID();
            await unsealKey(kms, nodeUuid, await sealKey(kms, nodeUuid));
          });
        } finally {
          shell.close();
        }
      },
    })),
  ];
}

/** A JWT as the kubelet projects it; its key's public half as PEM goes to `publish`. */
function issueJwt(publish: (pem: string) => void): string {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  publish(publicKey.export({ type: "spki", format: "pem" }).toString());
  const now = Math.floor(Date.now() / 1000);
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    sub: "system:serviceaccount:talos-kms:talos-kms",
    aud: ["vault"],
    iat: now,
    exp: now + 3600,
  };
  const text = `${encode({ alg: "ES256", typ: "JWT" })}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

function policyCases({ bao, folder }: GuideCasesInput): readonly Case[] {
  const shell = createShell("kms-auth", folder);
  /** kms-vault with a token of this policy. */
  async function under<T>(
    policy: string,
    use: (kms: Kms) => Promise<T>,
    env: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const token = await createToken(bao, { policies: [policy] });
    const vault = { VAULT_ADDR: bao.address, VAULT_CACERT: bao.caFile ?? "", VAULT_TOKEN: token };
    return withKms({ ...vault, ...env }, use);
  }
  return [
    {
      name: "guide: the Go proxy's policy refuses the first Seal of a new node, the guide's allows it; then both do",
      async run() {
        await writePolicy(
          bao,
          "go-proxy",
          `path "transit/encrypt/+" { capabilities = ["update"] }
           path "transit/decrypt/+" { capabilities = ["update"] }
           path "transit/keys/+" { capabilities = ["create", "read", "update"] }`,
        );
        const nodeUuid = randomUUID();
        await under("go-proxy", (kms) => refused(sealKey(kms, nodeUuid), "is not allowed"));
        await under("talos-kms", (kms) => sealKey(kms, nodeUuid));
        await under("go-proxy", (kms) => sealKey(kms, nodeUuid));
      },
    },
    {
      name: "guide: with precreate a node is served once its key was made",
      async run() {
        const known = "4c4c4544-0039-3010-8048-b7c04f384432";
        shell.follow(["Only nodes that are known"], bao);
        const relaxed = { KMS_KEY_POLICY: "precreate", KMS_UUID_VALIDATION_MODE: "relaxed" };
        await under(
          "talos-kms-precreate",
          async (kms) => {
            await sealKey(kms, known);
            await refused(sealKey(kms, randomUUID()), "is not known here");
          },
          relaxed,
        );
      },
    },
    {
      name: "guide: a policy that may not decrypt refuses the Seal",
      async run() {
        await writePolicy(
          bao,
          "encrypt-only",
          'path "transit/encrypt/+" { capabilities = ["create", "update"] }',
        );
        await under("encrypt-only", (kms) => refused(sealKey(kms, randomUUID()), "is not allowed"));
      },
    },
  ];
}

function recoveryCases({ bao, second, folder }: GuideCasesInput): readonly Case[] {
  const shell = createShell("disaster-recovery", folder);
  const nodeUuid = randomUUID();
  const env = { UUID: nodeUuid };
  let sealed: Uint8Array = new Uint8Array();
  let token = "";
  const kmsOn = <T>(server: OpenBao, use: (kms: Kms) => Promise<T>): Promise<T> =>
    withKms({ VAULT_ADDR: server.address, VAULT_CACERT: server.caFile, VAULT_TOKEN: token }, use);
  const opens = (kms: Kms): Promise<void> => unsealKey(kms, nodeUuid, sealed);
  const isRefused = (kms: Kms): Promise<void> =>
    refused(kms.unseal({ nodeUuid, data: sealed }), "can't be unsealed");

  return [
    {
      name: "recovery: a rotation harms nobody; a raised min_decryption_version refuses, a lowered one opens again",
      async run() {
        token = await createToken(bao, { policies: ["talos-kms"], period: "24h" });
        await kmsOn(bao, async (kms) => {
          sealed = await sealKey(kms, nodeUuid);
          shell.follow(["Rotation"], bao, env);
          await opens(kms);
          // Both commands of that section, one by one: the page shows what the first one does.
          shell.follow(["A key version that is too old"], bao, env);
          await opens(kms);
          await bao.admin({
            method: "POST",
            path: `transit/keys/${nodeUuid}/config`,
            body: { min_decryption_version: 2 },
          });
          await isRefused(kms);
          shell.follow(["A key version that is too old"], bao, env);
          await opens(kms);
        });
      },
    },
    {
      name: "recovery: by hand, Vault gives the base64 text that Talos uses as passphrase",
      async run() {
        writeFileSync(join(folder, "sealed"), sealed);
        shell.follow(["By hand"], bao, env);
        assert.equal(readFileSync(join(folder, "passphrase"), "utf8"), DISK_KEY.toString("base64"));
      },
    },
    {
      name: "recovery: a retired node's key is gone; a snapshot in a new server opens its disk again, with the old unseal key",
      async run() {
        shell.follow(["Backups"], bao, env);
        shell.follow(["A node that is retired"], bao, env);
        await kmsOn(bao, isRefused);
        shell.follow(["Into a new Vault"], second, { ...env, OLD_UNSEAL_KEY: bao.unsealKey() });
        await kmsOn(second, opens);
      },
    },
    {
      name: "recovery: a deleted key comes back from there, over the one that the node's next Seal made",
      async run() {
        await kmsOn(bao, (kms) => sealKey(kms, nodeUuid));
        await kmsOn(bao, isRefused);
        shell.follow(["A deleted key"], bao, {
          ...env,
          SECOND_VAULT: second.address,
          FIRST_VAULT: bao.address,
        });
        await kmsOn(bao, opens);
      },
    },
  ];
}

/** Starts kms-vault, waits until it is ready, and gives its client to `use`. */
function withKms<T>(
  env: Readonly<Record<string, string | undefined>>,
  use: (kms: Kms) => Promise<T>,
): Promise<T> {
  return withProgram(env, async (program) => {
    await until("kms-vault is ready", async () => (await program.get("/readyz")).status === 200);
    return use(program.kms);
  });
}

async function refused(call: Promise<unknown>, text: string): Promise<void> {
  const refusal = await refusalOf(call);
  assert.equal(refusal.code, "PermissionDenied");
  assert.ok(refusal.text.includes(text), refusal.text);
}
