import { strict as assert } from "node:assert";
import { createSign, generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeLeaf, type CertificateFiles } from "./certificates.ts";
import { NODE, opens, refused, roundTrip, SECRET, settingsFor, withClient, type Case } from "./client.ts";
import {
  createAppRole,
  createSecretId,
  createToken,
  createWrappedSecretId,
  wrap,
  writePolicy,
} from "./openbao-setup.ts";
import type { OpenBao } from "./openbao.ts";
import type { TokenReviewer } from "./token-review.ts";

interface AuthCasesInput {
  readonly bao: OpenBao;
  readonly ca: CertificateFiles;
  readonly reviewer: TokenReviewer;
  readonly folder: string;
}

const POLICIES = { token_policies: ["kms"] };

/** Each way to log in, on a real server. */
export function authCases(input: AuthCasesInput): readonly Case[] {
  return [...tokenCases(input), ...appRoleCases(input), ...otherCases(input)];
}

function tokenCases({ bao, folder }: AuthCasesInput): readonly Case[] {
  const post = (path: string, body: Readonly<Record<string, unknown>>) =>
    bao.admin({ method: "POST", path, body });
  return [
    {
      name: "a given token: round trip, refusals by code, still good afterwards",
      async run() {
        const token = await createToken(bao, { ttl: "1h" });
        const settings = settingsFor(bao, { auth: { method: "token", token } });
        await withClient(settings, async ({ transit }) => {
          const ciphertext = await roundTrip(transit);
          await roundTrip(transit, "other");
          await refused(transit.decrypt({ key: "other", ciphertext }), ["ERR_VAULT_REJECTED"]);
          await refused(transit.decrypt({ key: "unknown", ciphertext }), ["ERR_VAULT_KEY_NOT_FOUND"]);
          await refused(transit.decrypt({ key: NODE, ciphertext: "vault:v1:AAAA" }), ["ERR_VAULT_REJECTED"]);
        });
        await withClient(settings, async ({ transit }) => void (await roundTrip(transit)));
      },
    },
    {
      name: "a token file: a new token is taken up after the old one was revoked",
      async run() {
        const file = join(folder, "token");
        const first = await createToken(bao);
        writeFileSync(file, `${first}\n`);
        await withClient(
          settingsFor(bao, { auth: { method: "token-file", file } }),
          async ({ vault, transit }) => {
            await roundTrip(transit);
            writeFileSync(file, await createToken(bao));
            await post("auth/token/revoke", { token: first });
            await vault.session.refresh();
            await roundTrip(transit);
          },
        );
      },
    },
    {
      name: "an update-only policy: an unknown key is forbidden, a known one works, no login is caused",
      async run() {
        await writePolicy(
          bao,
          "update-only",
          'path "transit/encrypt/+" { capabilities = ["update"] }\npath "transit/decrypt/+" { capabilities = ["update"] }',
        );
        await createAppRole(bao, "update-only", { token_policies: ["update-only"] });
        const roleId = await createAppRole(bao, "update-only", {});
        const secretId = await createSecretId(bao, "update-only");
        const auth = { method: "approle", roleId: { text: roleId }, secretId: { text: secretId } } as const;
        await withClient(settingsFor(bao, { auth }), async ({ transit, count }) => {
          await roundTrip(transit);
          for (let n = 0; n < 20; n++) {
            await refused(transit.encrypt({ key: `unknown-${n}`, plaintext: SECRET }), [
              "ERR_VAULT_FORBIDDEN",
            ]);
          }
          assert.equal(count("loggedIn"), 1);
        });
      },
    },
    {
      name: "row 33: hostile key names reach no URL, says the server's audit file",
      async run() {
        const token = await createToken(bao);
        await withClient(settingsFor(bao, { auth: { method: "token", token } }), async ({ transit }) => {
          const before = bao.auditedPaths().length;
          for (const key of [
            "..",
            "../../sys/seal",
            "%2e%2e",
            "a/b",
            "a\r\nX: y",
            "",
            "x".repeat(10_000),
            "а",
          ]) {
            await refused(transit.encrypt({ key, plaintext: SECRET }), ["ERR_VAULT_ARGUMENT"]);
          }
          await roundTrip(transit, "audited");
          const paths = bao.auditedPaths().slice(before);
          assert.deepEqual(
            paths.filter((path) => !path.startsWith("auth/")),
            ["transit/encrypt/audited", "transit/decrypt/audited"],
          );
        });
      },
    },
  ];
}

function appRoleCases({ bao, folder }: AuthCasesInput): readonly Case[] {
  return [
    {
      name: "approle with a role-id alone",
      async run() {
        const roleId = await createAppRole(bao, "alone", {
          ...POLICIES,
          bind_secret_id: false,
          token_bound_cidrs: ["127.0.0.0/8"],
        });
        const auth = { method: "approle", roleId: { text: roleId } } as const;
        await withClient(settingsFor(bao, { auth }), async ({ transit }) => void (await roundTrip(transit)));
      },
    },
    {
      name: "approle with a secret-id from a file; its token is revoked at the end",
      async run() {
        const roleId = await createAppRole(bao, "file", POLICIES);
        const file = join(folder, "secret-id");
        writeFileSync(file, `${await createSecretId(bao, "file")}\n`);
        const auth = { method: "approle", roleId: { text: roleId }, secretId: { file } } as const;
        const accessors = async (): Promise<number> => {
          const { data } = await bao.admin({ method: "LIST", path: "auth/token/accessors" });
          return Array.isArray(data["keys"]) ? data["keys"].length : 0;
        };
        const before = await accessors();
        await withClient(settingsFor(bao, { auth }), async ({ transit }) => {
          await roundTrip(transit);
          assert.equal(await accessors(), before + 1);
        });
        assert.equal(await accessors(), before);
      },
    },
    {
      name: "approle with a wrapped secret-id; one that is used up or made elsewhere is an alarm",
      async run() {
        const roleId = await createAppRole(bao, "wrapped", POLICIES);
        const creationPath = "auth/approle/role/wrapped/secret-id";
        const auth = (text: string) =>
          ({
            method: "approle",
            roleId: { text: roleId },
            secretId: { text },
            wrapped: true,
            creationPath,
          }) as const;
        const wrapping = await createWrappedSecretId(bao, "wrapped");
        await withClient(settingsFor(bao, { auth: auth(wrapping) }), async ({ vault, transit, count }) => {
          await roundTrip(transit);
          await vault.session.refresh(); // logs in again with the secret-id it holds
          await roundTrip(transit);
          assert.equal(count("loggedIn"), 2);
        });
        const forged = await wrap(bao, { method: "GET", path: "sys/mounts" });
        for (const bad of [wrapping, forged]) {
          await withClient(settingsFor(bao, { auth: auth(bad) }), async ({ transit, count }) => {
            await refused(transit.encrypt({ key: NODE, plaintext: SECRET }), ["ERR_VAULT_UNAUTHENTICATED"]);
            assert.equal(count("wrappingAlarm"), 1);
            assert.equal(count("sys/wrapping/unwrap 200"), 0);
          });
        }
      },
    },
    {
      name: "a role with limited token uses is refused",
      async run() {
        const roleId = await createAppRole(bao, "limited", { ...POLICIES, token_num_uses: 3 });
        const secretId = await createSecretId(bao, "limited");
        const auth = { method: "approle", roleId: { text: roleId }, secretId: { text: secretId } } as const;
        await withClient(settingsFor(bao, { auth }), async ({ transit, events }) => {
          await refused(transit.encrypt({ key: NODE, plaintext: SECRET }), ["ERR_VAULT_UNAUTHENTICATED"]);
          assert.ok(events.includes("loginFailed ERR_VAULT_CREDENTIALS"));
        });
      },
    },
  ];
}

function otherCases({ bao, ca, reviewer, folder }: AuthCasesInput): readonly Case[] {
  const post = (path: string, body: Readonly<Record<string, unknown>>) =>
    bao.admin({ method: "POST", path, body });
  return [
    {
      name: "jwt",
      async run() {
        const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
        await post("sys/auth/jwt", { type: "jwt" });
        await post("auth/jwt/config", {
          jwt_validation_pubkeys: [publicKey.export({ type: "spki", format: "pem" })],
        });
        await post("auth/jwt/role/kms", {
          role_type: "jwt",
          user_claim: "sub",
          bound_audiences: ["vault"],
          ...POLICIES,
        });
        const now = Math.floor(Date.now() / 1000);
        const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
        const claims = { sub: "kms", aud: "vault", iat: now, exp: now + 600 };
        const text = `${encode({ alg: "ES256", typ: "JWT" })}.${encode(claims)}`;
        const signature = createSign("sha256")
          .update(text)
          .sign({ key: privateKey, dsaEncoding: "ieee-p1363" }, "base64url");
        const auth = { method: "jwt", role: "kms", jwt: { text: `${text}.${signature}` } } as const;
        await withClient(settingsFor(bao, { auth }), async ({ transit }) => void (await roundTrip(transit)));
      },
    },
    {
      name: "kubernetes, with a stand-in for TokenReview: the JWT's file is read at each login",
      async run() {
        await post("sys/auth/kubernetes", { type: "kubernetes" });
        await post("auth/kubernetes/config", {
          kubernetes_host: reviewer.address,
          kubernetes_ca_cert: readFileSync(ca.certFile, "utf8"),
          token_reviewer_jwt: reviewer.issue("vault", "reviewer"),
          disable_local_ca_jwt: true,
        });
        await post("auth/kubernetes/role/kms", {
          bound_service_account_names: ["talos-kms"],
          bound_service_account_namespaces: ["default"],
          audience: "vault",
          ...POLICIES,
        });
        const jwtFile = join(folder, "jwt");
        const first = reviewer.issue("default", "talos-kms");
        writeFileSync(jwtFile, first);
        const auth = { method: "kubernetes", role: "kms", jwtFile } as const;
        await withClient(settingsFor(bao, { auth }), async ({ vault, transit }) => {
          await roundTrip(transit);
          const second = reviewer.issue("default", "talos-kms");
          writeFileSync(jwtFile, second);
          reviewer.revoke(first);
          await vault.session.refresh();
          await roundTrip(transit);
          assert.deepEqual(reviewer.reviewed, [first, second]);
        });
        writeFileSync(jwtFile, reviewer.issue("default", "somebody-else"));
        await withClient(settingsFor(bao, { auth }), async ({ transit }) => {
          await refused(transit.encrypt({ key: NODE, plaintext: SECRET }), ["ERR_VAULT_UNAUTHENTICATED"]);
        });
      },
    },
    {
      name: "cert: the client's certificate is read anew at each login",
      async run() {
        await post("sys/auth/cert", { type: "cert" });
        await post("auth/cert/certs/kms", {
          certificate: readFileSync(ca.certFile, "utf8"),
          allowed_common_names: ["first", "second"],
          ...POLICIES,
        });
        const [first, second] = [makeLeaf(folder, "first", ca), makeLeaf(folder, "second", ca)];
        const certFile = join(folder, "client.crt");
        const keyFile = join(folder, "client.key");
        const install = (leaf: CertificateFiles): void => {
          writeFileSync(certFile, readFileSync(leaf.certFile));
          writeFileSync(keyFile, readFileSync(leaf.keyFile));
        };
        install(first);
        const tls = { caFile: bao.caFile, certFile, keyFile };
        const auth = { method: "cert", role: "kms" } as const;
        await withClient(settingsFor(bao, { auth, tls }), async ({ vault, transit }) => {
          const ciphertext = await roundTrip(transit);
          install(second);
          await vault.session.refresh();
          await opens(transit, ciphertext);
        });
      },
    },
  ];
}
