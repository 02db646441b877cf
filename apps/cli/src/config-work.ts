import {
  encodeCertificates,
  loadCertificateAuthority,
  PkiError,
  readAcceptedCas,
  talosClientProfile,
} from "@talos-bridge/pki";
import {
  createTalosconfig,
  encodeKmsPatch,
  encodeTalosconfig,
  encodeWorkerConfig,
  mergeTalosconfig,
  parseTalosVersion,
  readTalosconfig,
  type SecretsBundle,
} from "@talos-bridge/secrets-bundle";
import { randomBytes } from "node:crypto";
import { fingerprintOf, recordAct } from "./act-log.ts";
import { CliError } from "./cli-error.ts";
import { issueClientCertificate } from "./client-certificate.ts";
import type { CommandContext } from "./command-context.ts";
import { readInput, readText, writeOutput } from "./files.ts";
import { kmsAddressOption } from "./kms-address.ts";
import { naming, readBundle } from "./secrets-file.ts";

interface WriteOptions {
  readonly out: string;
  readonly force: boolean;
}

export interface WorkerOptions extends WriteOptions {
  readonly secrets: string;
  readonly endpoint: string;
  readonly clusterName: string;
  readonly talosVersion: string;
  readonly kubernetesVersion?: string;
  readonly installDisk?: string;
  readonly installImage?: string;
  readonly san: readonly string[];
  readonly podCidr: readonly string[];
  readonly serviceCidr: readonly string[];
  readonly dnsDomain: string;
  readonly kubernetesCa?: string;
  readonly bootstrapTokenFile?: string;
  readonly acceptedCas?: string;
  readonly discovery: boolean;
}

export async function writeWorker(context: CommandContext, options: WorkerOptions): Promise<void> {
  const { world, out } = context;
  const bundle = await readBundle(world, options.secrets);
  const { acceptedCas, installDisk, installImage, kubernetesVersion } = options;
  const kubernetesCa = await optionalText(context, options.kubernetesCa);
  const bootstrapToken = (await optionalText(context, options.bootstrapTokenFile))?.trim();
  const accepted = acceptedCas === undefined ? [] : await readCas(context, acceptedCas);
  const text = naming("arguments", "TB1001", () =>
    encodeWorkerConfig({
      bundle,
      talosVersion: parseTalosVersion(options.talosVersion),
      clusterName: options.clusterName,
      endpoint: options.endpoint,
      certSans: options.san,
      acceptedCas: accepted,
      dnsDomain: options.dnsDomain,
      podSubnets: options.podCidr,
      serviceSubnets: options.serviceCidr,
      discovery: options.discovery,
      ...(kubernetesCa !== undefined && { kubernetesCa }),
      ...(bootstrapToken !== undefined && { bootstrapToken }),
      ...(kubernetesVersion !== undefined && { kubernetesVersion: kubernetesVersion.replace(/^v/, "") }),
      ...(installDisk !== undefined && { installDisk }),
      ...(installImage !== undefined && { installImage }),
    }),
  );
  if (installDisk === undefined)
    out.warn("no --install-disk: give one, or a disk selector by a patch, for machines that install");
  await writeOutput(world, options.out, text, options);
  if (options.out !== "-") out.done(`${options.out} (0600): it has the join token`);
}

async function optionalText(
  { world }: CommandContext,
  path: string | undefined,
): Promise<string | undefined> {
  return path === undefined ? undefined : readText(world, path);
}

/** Each CA of a PEM file as a text of its own. */
async function readCas({ world }: CommandContext, path: string): Promise<readonly string[]> {
  const pem = await readText(world, path);
  try {
    return readAcceptedCas(pem).map((ca) => encodeCertificates([ca]));
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new CliError("TB1007", `${path}: ${cause.message} (${cause.code})`, { cause });
  }
}

export interface TalosconfigOptions extends WriteOptions {
  readonly secrets: string;
  readonly endpoints: readonly string[];
  readonly nodes: readonly string[];
  readonly roles: readonly string[];
  readonly ttl: number;
  readonly context: string;
  readonly merge?: string;
  readonly allowImpersonator: boolean;
}

export async function writeTalosconfig(context: CommandContext, options: TalosconfigOptions): Promise<void> {
  const { world, out } = context;
  const bundle = await readBundle(world, options.secrets);
  const client = await issueClient(context, bundle, options);
  const { endpoints, nodes } = options;
  const own = createTalosconfig({
    context: options.context,
    endpoints,
    nodes,
    ca: bundle.certs.os.crt,
    client,
  });
  const { merge } = options;
  if (merge === undefined) {
    await writeOutput(world, options.out, encodeTalosconfig(own), options);
  } else {
    const bytes = await readInput(world, merge);
    const { merged, renames } = mergeTalosconfig(
      naming(merge, "TB1008", () => readTalosconfig(bytes)),
      own,
    );
    for (const { from, to } of renames)
      out.warn(`the context ${from} is there already: the new one is ${to}`);
    await writeOutput(world, options.out, encodeTalosconfig(merged), options);
  }
  if (options.out !== "-")
    out.done(`${options.out} (0600): it has a private key with the roles ${options.roles.join(", ")}`);
}

async function issueClient(
  { world, out }: CommandContext,
  { certs }: SecretsBundle,
  { roles, ttl, allowImpersonator }: Pick<TalosconfigOptions, "roles" | "ttl" | "allowImpersonator">,
): Promise<{ crt: string; key: string }> {
  const now = world.now();
  try {
    const { profile, unknownRoles } = talosClientProfile(roles, { allowImpersonator });
    for (const role of unknownRoles) out.warn(`${role} is a role that this version does not know`);
    const ca = loadCertificateAuthority({ certificates: certs.os.crt, key: certs.os.key });
    if (!ca.ok)
      throw new CliError(
        "TB1006",
        ca.faults.map(({ field, message }) => `certs.os ${field}: ${message}`).join("; "),
      );
    await recordAct(world, {
      act: "issue-client-certificate",
      ca: fingerprintOf(certs.os.crt),
      roles,
      ttlSeconds: ttl / 1000,
    });
    const issued = await issueClientCertificate(ca.issuing, { profile, now, lifetimeMs: ttl });
    if (issued.notAfter.getTime() < now.getTime() + ttl - 1_000) {
      out.warn(`the CA ends on ${issued.notAfter.toISOString()}, and the certificate with it`);
    }
    return { crt: issued.certificatePem, key: issued.keyPem };
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    throw new CliError(
      error.code === "ERR_PKI_ROLE" ? "TB1001" : "TB1007",
      `${error.message} (${error.code})`,
      { cause: error },
    );
  }
}

export interface KmsPatchOptions extends WriteOptions {
  readonly endpoint: string;
  readonly volumes: readonly string[];
  readonly form: "volume-config" | "machine-config";
  readonly recoveryKey: boolean;
  readonly allowPlaintext: boolean;
}

export async function writeKmsPatch({ world, out }: CommandContext, options: KmsPatchOptions): Promise<void> {
  const volumes = options.volumes.map((name) => {
    const upper = name.toUpperCase();
    if (upper === "STATE" || upper === "EPHEMERAL") return upper;
    throw new CliError("TB1001", "--volumes takes STATE and EPHEMERAL");
  });
  kmsAddressOption("--endpoint", options.endpoint);
  const text = naming("arguments", "TB1001", () =>
    encodeKmsPatch({
      endpoint: options.endpoint,
      volumes,
      form: options.form,
      allowPlaintext: options.allowPlaintext,
      ...(options.recoveryKey && { recoveryPassphrase: randomBytes(32).toString("base64") }),
    }),
  );
  if (volumes.includes("STATE")) {
    out.warn(
      "STATE is opened before the machine config is read: the KMS's certificate must be of a public CA, and its name must resolve by DHCP's DNS",
    );
  }
  if (options.recoveryKey)
    out.warn(
      "the patch holds the recovery passphrase: keep a copy of it away from the KMS, and the patch secret",
    );
  await writeOutput(world, options.out, text, options);
}
