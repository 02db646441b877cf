import { PkiError, readCertificates, type Certificate } from "@talos-bridge/pki";
import {
  lintMachineConfig,
  lintSecretsBundle,
  lintTalosconfig,
  readMachineConfig,
  readSecretsBundle,
  readTalosconfig,
  SecretsBundleError,
  type Finding,
  type LintClock,
  type MachineConfig,
} from "@talos-bridge/secrets-bundle";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { unbracketed, type Endpoint } from "../endpoint.ts";
import { readText } from "../files.ts";
import type { Problem } from "../finding-table.ts";
import { kmsAddress, kmsAddressOption } from "../kms-address.ts";
import { readJoinToken } from "../join-token.ts";
import { readAuthorities } from "../pki/authorities.ts";
import type { World } from "../world.ts";
import type { ClientFact, FileFact } from "./facts.ts";
import type { DoctorOptions } from "./options.ts";

export interface KmsInput {
  readonly url: string;
  readonly endpoint: Endpoint;
  readonly inFile: boolean;
  readonly forState: boolean;
}

/** What the files and options say, before anything is asked. `token` and the PEM of CAs are for asking alone. */
export interface Inputs {
  readonly files: readonly FileFact[];
  readonly token: string | undefined;
  readonly talosCas: readonly Certificate[] | undefined;
  readonly ownCa: Certificate | undefined;
  readonly kubernetesCas: readonly Certificate[] | undefined;
  readonly client: ClientFact | undefined;
  readonly signer: Endpoint | undefined;
  readonly apiServer: Endpoint | undefined;
  readonly kms: readonly KmsInput[];
}

/**
 * Reads what there is; what is wrong with a file is a problem of it, not an end. Throws TB1002 for one that
 * can't be opened, TB1007 for CAs of options that are none, TB1001 for a KMS that no node can dial.
 */
export async function readInputs(context: CommandContext, options: DoctorOptions): Promise<Inputs> {
  const { world } = context;
  if (options.kms !== undefined) kmsAddressOption("--kms", options.kms);
  const clock: LintClock = { now: world.now(), expiringWithinMs: options.expiring };
  const files: FileFact[] = [];
  const open = async <T>(
    path: string | undefined,
    what: FileFact["what"],
    lint: (text: string) => readonly Finding[],
    read: (text: string) => T,
  ): Promise<T | undefined> => {
    if (path === undefined) return undefined;
    const text = await readText(world, path);
    files.push({ path, what, problems: lint(text).map(problemOf) });
    return unlessRefused(() => read(text));
  };
  const bundle = await open(
    options.secrets,
    "secrets bundle",
    (text) => lintSecretsBundle(text, clock),
    readSecretsBundle,
  );
  const machine = await open(
    options.machineConfig,
    "machine config",
    (text) => lintMachineConfig(text, { ...clock, ...(bundle !== undefined && { bundle }) }),
    readMachineConfig,
  );
  const talosconfig = await open(
    options.talosconfig,
    "talosconfig",
    (text) => lintTalosconfig(text, clock),
    readTalosconfig,
  );
  const given = options.ca === undefined ? undefined : await readAuthorities(context, [options.ca]);
  const token = await readToken(world, options, files);
  const client = talosconfig?.contexts.get(talosconfig.context);
  const [leaf, ...intermediates] = certificates(client?.crt) ?? [];
  const controlPlane = controlPlaneOf(machine);
  const machineCas = trustOf(machine);
  // Whoever made the machine config says whom to send a token to: never another file's.
  const bundleToken = given === undefined && machineCas !== undefined ? undefined : bundle?.trustdInfo.token;
  return {
    files,
    token: token ?? machine?.values.get("trustdinfo.token") ?? bundleToken,
    talosCas: given ?? machineCas ?? certificates(bundle?.certs.os.crt) ?? certificates(client?.ca),
    // Of several in a file nobody knows which is the cluster's.
    ownCa: certificates(bundle?.certs.os.crt)?.[0] ?? (given?.length === 1 ? given[0] : undefined),
    kubernetesCas: certificates(machine?.values.get("certs.k8s.crt")) ?? certificates(bundle?.certs.k8s.crt),
    client:
      leaf === undefined || talosconfig === undefined
        ? undefined
        : { path: options.talosconfig ?? "", context: talosconfig.context, leaf, intermediates },
    signer: options.endpoint ?? (controlPlane && { ...controlPlane, port: 50_001 }),
    apiServer: options.apiServer ?? controlPlane,
    kms: kmsInputs(options, machine),
  };
}

function problemOf({ code, severity, path, message }: Finding): Problem {
  return { id: code, severity, message: path === "" ? message : `${path} ${message}` };
}

function unlessRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SecretsBundleError || error instanceof PkiError) return undefined;
    throw error;
  }
}

/** Undefined for text that is none: whose fault that is, the file's check tells. */
function certificates(pem: string | undefined): readonly Certificate[] | undefined {
  return pem === undefined ? undefined : unlessRefused(() => readCertificates(pem));
}

function trustOf(machine: MachineConfig | undefined): readonly Certificate[] | undefined {
  if (machine === undefined) return undefined;
  const cas = [machine.values.get("certs.os.crt"), ...machine.acceptedCas].flatMap(
    (pem) => certificates(pem) ?? [],
  );
  return cas.length === 0 ? undefined : cas;
}

const TOKEN = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;

async function readToken(
  world: World,
  { tokenFile }: DoctorOptions,
  files: FileFact[],
): Promise<string | undefined> {
  if (tokenFile === undefined) return undefined;
  const tell = (...problems: readonly Problem[]): void =>
    void files.push({ path: tokenFile, what: "join token", problems });
  const id = "token-shape";
  try {
    const token = await readJoinToken(world, tokenFile);
    const message = "the first token is not 6 and 16 of a-z and 0-9 with a point between";
    tell(...(TOKEN.test(token) ? [] : [{ id, severity: "warning", message } as const]));
    return token;
  } catch (error) {
    if (!(error instanceof CliError) || error.id !== "TB1008") throw error;
    tell({ id, severity: "error", message: error.message });
    return undefined;
  }
}

function controlPlaneOf(machine: MachineConfig | undefined): Endpoint | undefined {
  if (machine?.endpoint === undefined || !URL.canParse(machine.endpoint)) return undefined;
  const { hostname, port } = new URL(machine.endpoint);
  return { host: unbracketed(hostname), port: port === "" ? 443 : Number(port), secure: true };
}

function kmsInputs(options: DoctorOptions, machine: MachineConfig | undefined): readonly KmsInput[] {
  const written = [
    ...(options.kms === undefined ? [] : [{ url: options.kms, forState: options.volumes.includes("STATE") }]),
    ...(machine?.kmsEndpoints ?? []).map(({ path, endpoint }) => ({
      url: endpoint,
      forState: /\bstate\b/i.test(path),
    })),
  ];
  // One KMS for several volumes is asked once.
  return [...new Set(written.map(({ url }) => url))].flatMap((url) => {
    const endpoint = unlessRefused(() => kmsAddress(url));
    if (endpoint === undefined) return [];
    const forState = written.some((each) => each.url === url && each.forState);
    const inFile = machine?.kmsEndpoints.some((each) => each.endpoint === url) === true;
    return [{ url, forState, inFile, endpoint }];
  });
}
