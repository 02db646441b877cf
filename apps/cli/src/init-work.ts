import { convertPrivateKey } from "@talos-bridge/pki";
import { basename, join, resolve } from "node:path";
import { fingerprintOf, recordAct } from "./act-log.ts";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command-context.ts";
import { writeKmsPatch, writeTalosconfig, writeWorker } from "./config-work.ts";
import { baseUrl, hostAndPort } from "./endpoint.ts";
import { readText, writeOutput } from "./files.ts";
import { generate } from "./secrets-work.ts";
import { readBundle } from "./secrets-file.ts";
import { kmsPolicy } from "./vault-plan.ts";

export interface InitOptions {
  readonly name: string;
  readonly target: "kamaji" | "kubeadm" | "kms";
  readonly endpoint: string;
  readonly port?: number;
  readonly fromKubernetesPki?: string;
  readonly installDisk?: string;
  readonly force: boolean;
}

const YEAR_MS = 8_760 * 3_600_000;

/** Writes the folder, and says what comes next. */
export async function init(context: CommandContext, options: InitOptions): Promise<void> {
  const { out } = context;
  const { name } = options;
  await ignoreInGit(context, join(name, ".gitignore"));
  const next =
    options.target === "kms" ? await initKms(context, options) : await initCluster(context, options);
  out.data({ kind: "Init", folder: name, next }, `\nNext:\n${next.map((line) => `  ${line}\n`).join("")}`);
}

/** Everything in the folder is a secret, or made from one; what somebody else wrote of it stays. */
async function ignoreInGit({ world, out }: CommandContext, path: string): Promise<void> {
  try {
    await writeOutput(world, path, "*\n", { force: false, mode: 0o644 });
  } catch (error) {
    if (!(error instanceof CliError) || error.id !== "TB1003") throw error;
    if ((await readText(world, path)) !== "*\n")
      out.warn(`${path} is there already: it must keep all files of the folder out of git`);
  }
}

async function initKms(
  context: CommandContext,
  { name, endpoint: host, port = 8080, force }: InitOptions,
): Promise<readonly string[]> {
  const { world } = context;
  const url = baseUrl({ host, port, secure: true });
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
  const { name, endpoint, force, fromKubernetesPki, installDisk, port = 6443 } = options;
  const cluster = basename(resolve(name));
  const { guide, namespace, secretName } =
    options.target === "kamaji" ? sidecarGuide(cluster) : STANDALONE_GUIDE;
  const url = baseUrl({ host: endpoint, port, secure: true });
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
    // Workers forward nothing: each is its own endpoint, and none is known yet.
    endpoints: [],
    nodes: [],
    roles: ["os:admin"],
    ttl: YEAR_MS,
    context: cluster,
    allowImpersonator: false,
  });
  const worker = join(name, "worker.yaml");
  const begin = [
    `kubectl -n ${namespace} create secret generic ${secretName} --from-file=${signer}`,
    `deploy the signer: ${guide}`,
  ];
  const look = `talosctl --talosconfig ${join(name, "talosconfig")} -e NODE -n NODE version`;
  if (fromKubernetesPki === undefined) {
    return [
      ...begin,
      `talos-bridge config worker --secrets ${secrets} --endpoint ${url} --out ${worker}${installDisk === undefined ? "" : ` --install-disk ${installDisk}`}`,
      "  with --kubernetes-ca and --bootstrap-token-file of the control plane, once it is there",
      look,
    ];
  }
  await writeWorker(context, {
    out: worker,
    force,
    secrets,
    endpoint: url,
    clusterName: cluster,
    talosVersion: "v1.13",
    san: [],
    podCidr: ["10.244.0.0/16"],
    serviceCidr: ["10.96.0.0/12"],
    dnsDomain: "cluster.local",
    discovery: true,
    ...(installDisk !== undefined && { installDisk }),
  });
  return [
    ...begin,
    `talosctl apply-config --insecure --nodes NODE --file ${worker}`,
    `talos-bridge csr test --endpoint ${hostAndPort({ host: endpoint, port: 50_001, secure: true })} --ca ${join(signer, "tls.crt")} --token-file ${join(signer, "token")}`,
    look,
  ];
}

/** What the guide of a control plane calls the signer's Secret. */
interface Guide {
  readonly guide: string;
  readonly namespace: string;
  readonly secretName: string;
}

const STANDALONE_GUIDE: Guide = {
  guide: "docs/guides/standalone-deployment.md",
  namespace: "talos-csr-signer",
  secretName: "cluster-talos-ca",
};

function sidecarGuide(tenant: string): Guide {
  return {
    guide: "docs/guides/sidecar-deployment.md",
    namespace: "tenants",
    secretName: `${tenant}-talos-ca`,
  };
}
