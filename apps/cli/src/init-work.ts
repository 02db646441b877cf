import { convertPrivateKey } from "@talos-bridge/pki";
import { join } from "node:path";
import { fingerprintOf, recordAct } from "./act-log.ts";
import type { CommandContext } from "./command-context.ts";
import { writeKmsPatch, writeTalosconfig, writeWorker } from "./config-work.ts";
import { writeOutput } from "./files.ts";
import { generate } from "./secrets-work.ts";
import { readBundle } from "./secrets-file.ts";
import { kmsPolicy } from "./vault-plan.ts";

export interface InitOptions {
  readonly name: string;
  readonly target: "kamaji" | "kubeadm" | "kms";
  readonly endpoint: string;
  readonly port?: string;
  readonly fromKubernetesPki?: string;
  readonly installDisk?: string;
  readonly force: boolean;
}

const YEAR_MS = 8_760 * 3_600_000;

/** Writes the folder, and says what comes next. */
export async function init(context: CommandContext, options: InitOptions): Promise<void> {
  const { world, out } = context;
  const { name } = options;
  // Everything in it is a secret, or made from one.
  await writeOutput(world, join(name, ".gitignore"), "*\n", { force: true, mode: 0o644 });
  const next =
    options.target === "kms" ? await initKms(context, options) : await initCluster(context, options);
  out.data({ kind: "Init", folder: name, next }, `\nNext:\n${next.map((line) => `  ${line}\n`).join("")}`);
}

async function initKms(
  context: CommandContext,
  { name, endpoint, port = "8080", force }: InitOptions,
): Promise<readonly string[]> {
  const { world } = context;
  const url = `https://${endpoint}:${port}`;
  const policy = kmsPolicy({ mountPath: "transit", keyPolicy: "upsert" });
  await writeOutput(world, join(name, "talos-kms-policy.hcl"), policy, { force, mode: 0o644 });
  await writeKmsPatch(context, {
    out: join(name, "kms-patch.yaml"),
    force,
    endpoint: url,
    volumes: ["EPHEMERAL"],
    form: "volume-config",
    recoveryKey: false,
    allowPlaintext: false,
  });
  return [
    "talos-bridge kms setup --auth kubernetes --apply      # policy, auth method and role in Vault or OpenBao",
    `talos-bridge kms roundtrip --endpoint ${url} --node-uuid UUID`,
    `talosctl gen config … --config-patch @${join(name, "kms-patch.yaml")}`,
  ];
}

async function initCluster(context: CommandContext, options: InitOptions): Promise<readonly string[]> {
  const { world, out } = context;
  const { name, endpoint, force, fromKubernetesPki, installDisk, port = "6443" } = options;
  const secrets = join(name, "secrets.yaml");
  await generate(context, {
    out: secrets,
    force,
    keyType: "ed25519",
    ...(fromKubernetesPki !== undefined && { fromKubernetesPki }),
  });
  const { certs, trustdInfo } = await readBundle(world, secrets);
  const signer = join(name, "signer");
  const ca = fingerprintOf(certs.os.crt);
  await recordAct(world, { act: "write-ca-key", ca, file: join(signer, "tls.key") });
  for (const [file, content] of [
    ["tls.crt", certs.os.crt],
    ["tls.key", convertPrivateKey(certs.os.key, "pkcs8")],
    ["token", trustdInfo.token],
  ] as const) {
    await writeOutput(world, join(signer, file), content, { force });
  }
  out.done(`${signer}: the signer's CA and token`);
  await writeTalosconfig(context, {
    out: join(name, "talosconfig"),
    force,
    secrets,
    endpoints: [endpoint],
    nodes: [],
    roles: ["os:admin"],
    ttl: YEAR_MS,
    context: name,
    allowImpersonator: false,
  });
  const worker = join(name, "worker.yaml");
  const secret = `kubectl create secret generic talos-ca --from-file=${signer}`;
  if (fromKubernetesPki === undefined) {
    return [
      secret,
      "deploy the signer: docs/guides/sidecar-deployment.md or standalone-deployment.md",
      `talos-bridge config worker --secrets ${secrets} --endpoint https://${endpoint}:${port} --out ${worker}`,
      "  with --kubernetes-ca and --bootstrap-token-file of the control plane, once it is there",
    ];
  }
  await writeWorker(context, {
    out: worker,
    force,
    secrets,
    endpoint: `https://${endpoint}:${port}`,
    clusterName: name,
    talosVersion: "v1.13",
    san: [],
    podCidr: ["10.244.0.0/16"],
    serviceCidr: ["10.96.0.0/12"],
    dnsDomain: "cluster.local",
    discovery: true,
    ...(installDisk !== undefined && { installDisk }),
  });
  return [
    secret,
    "deploy the signer: docs/guides/standalone-deployment.md",
    `talosctl apply-config --insecure --nodes NODE --file ${worker}`,
    `talos-bridge csr test --endpoint ${endpoint}:50001 --ca ${join(signer, "tls.crt")} --token-file ${join(signer, "token")}`,
  ];
}
