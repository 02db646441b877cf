// Each way to log in, once through kms-vault as an operator configures it.
import { strict as assert } from "node:assert";
import { createSign, generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeLeaf, type CertificateFiles } from "./certificates.ts";
import { NODE, type Case } from "./client.ts";
import { startFaultProxy } from "./fault-proxy.ts";
import { createAppRole, createSecretId, createToken, createWrappedSecretId } from "./openbao-setup.ts";
import type { OpenBao } from "./openbao.ts";
import { sealKey, unsealKey, withProgram } from "./program.ts";
import type { TokenReviewer } from "./token-review.ts";

interface ProgramAuthInput {
  readonly bao: OpenBao;
  readonly ca: CertificateFiles;
  readonly reviewer: TokenReviewer;
  readonly folder: string;
}

type Env = Readonly<Record<string, string>>;

const ROLE = { token_policies: ["kms"] };

export function programAuth({ bao, ca, reviewer, folder }: ProgramAuthInput): readonly Case[] {
  const post = (path: string, body: Readonly<Record<string, unknown>>) =>
    bao.admin({ method: "POST", path, body });

  /** The method logs in, a node seals and unseals, and the log says which method it was. */
  const roundTrip = (name: string, method: string, make: () => Promise<Env>): Case => ({
    name: `kms-vault by ${name}`,
    async run() {
      const env = { VAULT_ADDR: bao.address, VAULT_CACERT: bao.caFile ?? "", ...(await make()) };
      await withProgram(env, async ({ kms, lines }) => {
        await unsealKey(kms, NODE, await sealKey(kms, NODE));
        assert.ok(lines.some((line) => line.msg === "logged in to vault" && line["method"] === method));
      });
    },
  });
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  return [
    roundTrip("token", "token", async () => ({ VAULT_TOKEN: await createToken(bao) })),
    roundTrip("token file, under OpenBao's names", "token-file", async () => ({
      BAO_TOKEN_PATH: file("p-token", await createToken(bao)),
    })),
    roundTrip("approle, role-id alone", "approle", async () => ({
      VAULT_ROLE_ID: await createAppRole(bao, "p-alone", {
        ...ROLE,
        bind_secret_id: false,
        token_bound_cidrs: ["127.0.0.0/8"],
      }),
    })),
    roundTrip("approle, secret-id from a file", "approle", async () => ({
      VAULT_ROLE_ID: await createAppRole(bao, "p-file", ROLE),
      VAULT_SECRET_ID_FILE: file("p-secret-id", `${await createSecretId(bao, "p-file")}\n`),
    })),
    roundTrip("approle, wrapped secret-id", "approle", async () => ({
      VAULT_ROLE_ID: await createAppRole(bao, "p-wrapped", ROLE),
      VAULT_SECRET_ID: await createWrappedSecretId(bao, "p-wrapped"),
      VAULT_SECRET_ID_WRAPPED: "true",
    })),
    roundTrip("jwt", "jwt", async () => {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      await post("sys/auth/p-jwt", { type: "jwt" });
      const pem = publicKey.export({ type: "spki", format: "pem" });
      await post("auth/p-jwt/config", { jwt_validation_pubkeys: [pem] });
      const role = { role_type: "jwt", user_claim: "sub", bound_audiences: ["vault"], ...ROLE };
      await post("auth/p-jwt/role/kms", role);
      const now = Math.floor(Date.now() / 1000);
      const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
      const claims = { sub: "kms", aud: "vault", iat: now, exp: now + 600 };
      const text = `${encode({ alg: "ES256", typ: "JWT" })}.${encode(claims)}`;
      const signature = createSign("sha256")
        .update(text)
        .sign({ key: privateKey, dsaEncoding: "ieee-p1363" }, "base64url");
      return {
        VAULT_AUTH_METHOD: "jwt",
        VAULT_ROLE: "kms",
        VAULT_PATH: "p-jwt",
        VAULT_JWT_FILE: file("p-jwt", `${text}.${signature}`),
      };
    }),
    roundTrip("kubernetes, with a stand-in for TokenReview", "kubernetes", async () => {
      await post("sys/auth/p-kubernetes", { type: "kubernetes" });
      await post("auth/p-kubernetes/config", {
        kubernetes_host: reviewer.address,
        kubernetes_ca_cert: readFileSync(ca.certFile, "utf8"),
        token_reviewer_jwt: reviewer.issue("vault", "reviewer"),
        disable_local_ca_jwt: true,
      });
      await post("auth/p-kubernetes/role/kms", {
        bound_service_account_names: ["talos-kms"],
        bound_service_account_namespaces: ["default"],
        audience: "vault",
        ...ROLE,
      });
      return {
        VAULT_K8S_ROLE: "kms",
        VAULT_K8S_MOUNT_PATH: "p-kubernetes",
        VAULT_K8S_SERVICE_ACCOUNT_PATH: file("p-service-account", reviewer.issue("default", "talos-kms")),
      };
    }),
    roundTrip("cert", "cert", async () => {
      await post("sys/auth/p-cert", { type: "cert" });
      await post("auth/p-cert/certs/kms", {
        certificate: readFileSync(ca.certFile, "utf8"),
        allowed_common_names: ["p-client"],
        ...ROLE,
      });
      const { certFile, keyFile } = makeLeaf(folder, "p-client", ca);
      return {
        VAULT_AUTH_METHOD: "cert",
        VAULT_PATH: "p-cert",
        VAULT_CLIENT_CERT: certFile,
        VAULT_CLIENT_KEY: keyFile,
      };
    }),
    {
      name: "kms-vault behind an agent, which adds its own token",
      async run() {
        const agent = await startFaultProxy(bao);
        agent.token = await createToken(bao);
        try {
          const env = { VAULT_AGENT_ADDR: agent.address, VAULT_AUTH_METHOD: "agent" };
          await withProgram(env, async ({ kms }) => {
            await unsealKey(kms, NODE, await sealKey(kms, NODE));
          });
        } finally {
          await agent.close();
        }
      },
    },
  ];
}
