// What nodes and attackers send, and what a real OpenBao gets to see of it.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { NODE, type Case } from "./client.ts";
import { createAppRole, createSecretId, createToken, writePolicy } from "./openbao-setup.ts";
import type { OpenBao } from "./openbao.ts";
import { DISK_KEY, refusalOf, sealKey, unsealKey, withProgram } from "./program.ts";

interface ProgramInputInput {
  readonly bao: OpenBao;
  readonly note: (text: string) => void;
}

const OTHER = "0e9d6f52-9b1c-4f3a-8d27-5c4b3a291807";
const UNKNOWN = "6f1f3bce-6ab4-4a44-9d2a-0a53c2f7e9d1";
const COUNT = 200;

/** Forms that firmware writes: Dell's service tags, MAC addresses at the end, swapped bytes, vendors' patterns, version 1 and 4. */
function smbiosUuid(nth: number): string {
  const hex = (digits: number, salt: number): string =>
    ((Math.imul(nth + 1, 2_654_435_761) ^ Math.imul(salt, 40_503)) >>> 0)
      .toString(16)
      .padStart(8, "0")
      .repeat(2)
      .slice(0, digits);
  const forms = [
    `4c4c4544-00${hex(2, 1)}-${hex(4, 2)}-80${hex(2, 3)}-b${hex(1, 4)}c04f${hex(6, 5)}`,
    `00000000-0000-0000-0000-d05099${hex(6, 6)}`,
    `03d40274-0435-05${hex(2, 7)}-${hex(4, 8)}-${hex(4, 9)}07000800${hex(4, 10)}`.replace(
      /^(.{36}).*$/,
      "$1",
    ),
    `47513848-0036-3000-48fe-003048${hex(6, 11)}`,
    `${hex(8, 12)}-${hex(4, 13)}-11${hex(2, 14)}-8${hex(3, 15)}-002590${hex(6, 16)}`,
    `${hex(8, 17)}-${hex(4, 18)}-4${hex(3, 19)}-a${hex(3, 20)}-${hex(8, 21)}${hex(4, 22)}`,
    `${hex(8, 23)}-${hex(4, 24)}-e${hex(3, 25)}-f${hex(3, 26)}-${hex(8, 27)}${hex(4, 28)}`,
  ];
  const uuid = forms[nth % forms.length] ?? "";
  // Every third as some firmware has it: in upper case.
  return nth % 3 === 0 ? uuid.toUpperCase() : uuid;
}

/** Texts that are near a UUID, and what a URL, a log or a terminal would make something of. */
function hostileUuid(nth: number): string {
  const at = (nth * 7) % 36;
  const splice = (text: string, drop = 1): string => NODE.slice(0, at) + text + NODE.slice(at + drop);
  const forms: readonly (() => string)[] = [
    () => `${"../".repeat((nth % 5) + 1)}sys/seal`,
    () => `${NODE}/../../sys/mounts`,
    () => splice("/"),
    () => splice("%2f"),
    () => splice("%2e%2e%2f"),
    () => splice(".."),
    () => splice("\\"),
    () => splice("?x="),
    () => splice("#"),
    () => splice(";"),
    () => splice("\0"),
    () => splice(String.fromCharCode(1 + (nth % 31))),
    () => splice("\r\nX-Vault-Token: root\r\n"),
    () => splice("\u{ff10}"), // full-width zero
    () => splice("\u0660"), // Arabic-Indic zero
    () => splice("\u0430"), // Cyrillic a
    () => splice("\u212a"), // Kelvin sign
    () => splice("\u2010"), // a hyphen that is none
    () => splice("\u202e"),
    () => splice("\u{1f511}"),
    () => splice("", 1),
    () => splice("0", 0),
    () => splice(" "),
    () => NODE.replaceAll("-", ""),
    () => `{${NODE}}`,
    () => `urn:uuid:${NODE}`,
    () => `${NODE}\n`,
    () => ` ${NODE}`,
    () => NODE.repeat(Math.ceil(10_000 / NODE.length)),
    () => "a".repeat(10_000),
    () => "%".repeat(36),
    () => "-".repeat(36),
    () => "",
  ];
  return forms[nth % forms.length]?.() ?? "";
}

export function programInput({ bao, note }: ProgramInputInput): readonly Case[] {
  const kept = { VAULT_ADDR: bao.address, VAULT_CACERT: bao.caFile ?? "" };

  return [
    {
      name: "kms-vault row 34: 200 UUIDs as firmware has them seal and unseal in relaxed mode",
      async run() {
        const env = { ...kept, VAULT_TOKEN: await createToken(bao), KMS_UUID_VALIDATION_MODE: "relaxed" };
        await withProgram(env, async ({ kms }) => {
          const before = bao.auditedPaths().length;
          const uuids = Array.from({ length: COUNT }, (_, nth) => smbiosUuid(nth));
          assert.equal(new Set(uuids).size, COUNT);
          for (const uuid of uuids) await unsealKey(kms, uuid, await sealKey(kms, uuid));
          const paths = new Set(bao.auditedPaths().slice(before));
          for (const uuid of uuids) assert.ok(paths.has(`transit/encrypt/${uuid.toLowerCase()}`));
        });
      },
    },
    {
      name: "kms-vault row 33: 200 hostile UUIDs reach no URL, says the server's audit file",
      async run() {
        const env = { ...kept, VAULT_TOKEN: await createToken(bao), KMS_DISABLE_VALIDATION: "true" };
        await withProgram(env, async ({ kms, lines }) => {
          const data = await sealKey(kms, NODE);
          const before = bao.auditedPaths().length;
          for (let nth = 0; nth < COUNT; nth++) {
            const nodeUuid = hostileUuid(nth);
            for (const call of [kms.seal({ nodeUuid, data: DISK_KEY }), kms.unseal({ nodeUuid, data })]) {
              assert.equal((await refusalOf(call)).code, "InvalidArgument", JSON.stringify(nodeUuid));
            }
          }
          await unsealKey(kms, NODE, data);
          const paths = bao.auditedPaths().slice(before);
          assert.deepEqual(
            paths.filter((path) => !path.startsWith("auth/token/")),
            [`transit/decrypt/${NODE}`],
          );
          for (const line of lines) assert.ok(JSON.stringify(line).length < 1_000);
        });
      },
    },
    {
      name: "kms-vault: 10,000 refused calls cause no login",
      async run() {
        await writePolicy(
          bao,
          "one-node",
          [NODE, UNKNOWN]
            .map((key) => `path "transit/decrypt/${key}" { capabilities = ["update"] }`)
            .concat(`path "transit/encrypt/${NODE}" { capabilities = ["create", "update"] }`)
            .join("\n"),
        );
        const roleId = await createAppRole(bao, "one-node", { token_policies: ["one-node"] });
        const env = {
          ...kept,
          VAULT_ROLE_ID: roleId,
          VAULT_SECRET_ID: await createSecretId(bao, "one-node"),
        };
        const before = bao.auditedPaths().length;
        await withProgram(env, async (program) => {
          const data = await sealKey(program.kms, NODE);
          const counts = new Map<string, number>();
          let left = 10_000;
          const from = performance.now();
          await Promise.all(
            Array.from({ length: 8 }, async () => {
              const kms = program.connect();
              while (left > 0) {
                left -= 4;
                // Another node's key is forbidden (403), an unknown key is a refusal (400).
                const calls = [OTHER, UNKNOWN, OTHER, UNKNOWN].map((nodeUuid) =>
                  refusalOf(kms.unseal({ nodeUuid, data })),
                );
                for (const { code, text } of await Promise.all(calls)) {
                  counts.set(`${code}: ${text}`, (counts.get(`${code}: ${text}`) ?? 0) + 1);
                }
              }
            }),
          );
          note(`${Math.round(performance.now() - from)} ms`);
          assert.deepEqual(
            counts,
            new Map([
              ["PermissionDenied: the KMS is not allowed to do this for the node", 5_000],
              ["PermissionDenied: the data can't be unsealed for this node", 5_000],
            ]),
          );
          await unsealKey(program.kms, NODE, data);
          const refused = program.lines.filter(({ msg }) => msg === "refused").length;
          note(`${refused} of them told one by one`);
        });
        const paths = bao.auditedPaths().slice(before);
        assert.equal(paths.filter((path) => path === "auth/approle/login").length, 1);
        note(`${paths.filter((path) => path === "auth/token/lookup-self").length} lookups`);
      },
    },
    {
      name: "kms-vault: a policy that may encrypt but not decrypt seals nothing",
      async run() {
        await writePolicy(
          bao,
          "encrypt-only",
          'path "transit/encrypt/+" { capabilities = ["create", "update"] }',
        );
        const token = await createToken(bao, { policies: ["encrypt-only"] });
        await withProgram({ ...kept, VAULT_TOKEN: token }, async ({ kms }) => {
          const { code } = await refusalOf(kms.seal({ nodeUuid: NODE, data: DISK_KEY }));
          assert.equal(code, "PermissionDenied");
        });
      },
    },
    {
      name: "kms-vault: what the Go proxy sealed under an upper-case name unseals, also after the node was sealed anew",
      async run() {
        const typed = "B7A5D0C2-1E4F-4A6B-9C8D-7E6F5A4B3C2D";
        const plaintext = DISK_KEY.toString("base64");
        const { data } = await bao.admin({
          method: "POST",
          path: `transit/encrypt/${typed}`,
          body: { plaintext },
        });
        const old = Buffer.from(String(data["ciphertext"]));
        await withProgram({ ...kept, VAULT_TOKEN: await createToken(bao) }, async ({ kms }) => {
          await unsealKey(kms, typed, old);
          const { code } = await refusalOf(kms.unseal({ nodeUuid: typed.toLowerCase(), data: old }));
          assert.equal(code, "PermissionDenied"); // that name was never typed
          const fresh = await sealKey(kms, typed);
          for (const sealed of [old, fresh]) await unsealKey(kms, typed, sealed);
        });
      },
    },
    {
      name: "the refusals that unit tests rely on are this server's, word for word",
      run: () => checkAnswers(bao),
    },
  ];
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const ANSWERS = resolve(import.meta.dirname, "../../apps/kms-vault/test/fixtures/openbao-answers.json");

async function checkAnswers(bao: OpenBao): Promise<void> {
  const written: Readonly<Record<string, Answer>> = JSON.parse(readFileSync(ANSWERS, "utf8"));
  const seen: Record<string, Answer> = {};
  const root = bao.rootToken();
  const token = await createToken(bao);
  const post = async (path: string, body: unknown, as = token): Promise<Answer> => {
    const { status, text } = await bao.raw(path, as, body);
    return { status, body: JSON.parse(text) };
  };
  const plaintext = DISK_KEY.toString("base64");
  const made = await bao.admin({ method: "POST", path: "transit/encrypt/a", body: { plaintext } });
  await bao.admin({ method: "POST", path: "transit/encrypt/b", body: { plaintext } });
  await bao.admin({ method: "POST", path: "transit/keys/signing", body: { type: "ed25519" } });
  const ciphertext = String(made.data["ciphertext"]);
  seen["keyNotFound"] = await post("transit/decrypt/none", { ciphertext });
  seen["otherKey"] = await post("transit/decrypt/b", { ciphertext });
  seen["tooShort"] = await post("transit/decrypt/a", { ciphertext: "vault:v1:AAAA" });
  seen["versionTooNew"] = await post("transit/decrypt/a", { ciphertext: ciphertext.replace("v1", "v7") });
  seen["keyCannotEncrypt"] = await post("transit/encrypt/signing", { plaintext });
  seen["forbidden"] = await post("transit/rewrap/a", { ciphertext });
  seen["badToken"] = await post("transit/decrypt/a", { ciphertext }, "hvs.none");
  seen["noMount"] = await post("nothing/decrypt/a", { ciphertext }, root);
  const quota = { rate: 0.01, path: "transit" };
  await bao.admin({ method: "POST", path: "sys/quotas/rate-limit/few", body: quota });
  try {
    await post("transit/decrypt/a", { ciphertext });
    seen["rateLimited"] = await post("transit/decrypt/a", { ciphertext });
  } finally {
    await bao.admin({ method: "DELETE", path: "sys/quotas/rate-limit/few" });
  }
  await bao.seal();
  seen["sealed"] = await post("transit/decrypt/a", { ciphertext });
  await bao.unseal();
  assert.deepEqual(seen, written);
}
