// `talos-bridge kms setup` on an empty OpenBao: what it makes is what a KMS needs, and a second run changes nothing.
import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../apps/cli/src/run.ts";
import { makeLeaf, type CertificateFiles } from "./certificates.ts";
import { NODE, type Case } from "./client.ts";
import { createSecretId, textOf } from "./openbao-setup.ts";
import type { OpenBao } from "./openbao.ts";
import { sealKey, unsealKey, withProgram } from "./program.ts";
import type { TokenReviewer } from "./token-review.ts";

interface SetupInput {
  readonly bao: OpenBao;
  readonly ca: CertificateFiles;
  readonly reviewer: TokenReviewer;
  readonly folder: string;
}

type Env = Readonly<Record<string, string>>;

export function setupCases({ bao, ca, reviewer, folder }: SetupInput): readonly Case[] {
  const reach: Env = { VAULT_ADDR: bao.address, VAULT_CACERT: bao.caFile ?? "" };

  /** Results by what was made: created, updated or unchanged. */
  async function setUp(...argv: readonly string[]): Promise<readonly string[]> {
    let stdout = "";
    let stderr = "";
    const exit = await run({
      argv: ["kms", "setup", "--apply", "-o", "json", ...argv],
      env: { ...reach, VAULT_TOKEN: bao.rootToken() },
      readStdin: async () => new Uint8Array(),
      stdout: { write: (text) => void (stdout += text), isTerminal: false },
      stderr: { write: (text) => void (stderr += text), isTerminal: false },
      now: () => new Date(),
      interrupted: new AbortController().signal,
      insisted: new AbortController().signal,
    });
    assert.equal(exit, 0, stderr);
    const { results }: { results: readonly { readonly result: string }[] } = JSON.parse(stdout);
    return results.map(({ result }) => result);
  }

  const setUpOnce = (method: string, argv: readonly string[], login: () => Promise<Env>): Case => ({
    name: `talos-bridge kms setup --auth ${method}: a node seals through kms-vault with what it made; a second run changes nothing`,
    async run() {
      const made = await setUp("--auth", method, ...argv);
      assert.ok(made.includes("created"), made.join(", "));
      const again = await setUp("--auth", method, ...argv);
      assert.deepEqual(new Set(again), new Set(["unchanged"]));
      await withProgram({ ...reach, ...(await login()) }, async ({ kms }) => {
        await unsealKey(kms, NODE, await sealKey(kms, NODE));
      });
    },
  });

  return [
    setUpOnce("approle", [], async () => {
      const { data } = await bao.admin({ method: "GET", path: "auth/approle/role/talos-kms/role-id" });
      return {
        VAULT_ROLE_ID: textOf(data["role_id"]),
        VAULT_SECRET_ID: await createSecretId(bao, "talos-kms"),
      };
    }),
    setUpOnce(
      "kubernetes",
      ["--kubernetes-host", reviewer.address, "--kubernetes-ca", ca.certFile, "--audience", "vault"],
      async () => {
        const jwt = join(folder, "setup-service-account");
        writeFileSync(jwt, reviewer.issue("default", "talos-kms"));
        return { VAULT_K8S_ROLE: "talos-kms-role", VAULT_K8S_SERVICE_ACCOUNT_PATH: jwt };
      },
    ),
    setUpOnce("cert", ["--client-ca", ca.certFile], async () => {
      const { certFile, keyFile } = makeLeaf(folder, "setup-client", ca);
      return { VAULT_AUTH_METHOD: "cert", VAULT_CLIENT_CERT: certFile, VAULT_CLIENT_KEY: keyFile };
    }),
  ];
}
