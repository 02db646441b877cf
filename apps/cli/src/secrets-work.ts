import { convertPrivateKey, readCertificates, readPrivateKey } from "@talos-bridge/pki";
import {
  encodeSecretsBundle,
  FIELD_PATHS,
  generateSecretsBundle,
  readField,
  SecretsBundleError,
  secretsBundleFromKubernetesPki,
  secretsBundleFromMachineConfig,
  type FieldPath,
  type SecretsBundle,
} from "@talos-bridge/secrets-bundle";
import { join } from "node:path";
import { fingerprintOf, keyFingerprintOf, recordAct } from "./act-log.ts";
import { CliError } from "./cli-error.ts";
import { throwIfEnded, type CommandContext } from "./command-context.ts";
import { readInput, readText, writeOutput } from "./files.ts";
import { naming, readBundle } from "./secrets-file.ts";

interface WriteOptions {
  readonly out: string;
  readonly force: boolean;
}

export interface GenerateOptions extends WriteOptions {
  readonly keyType: keyof typeof KEY_TYPES;
  readonly fromKubernetesPki?: string;
  readonly bootstrapTokenFile?: string;
}

const KEY_TYPES = { ed25519: "ed25519", p256: "ecdsa-p256", "rsa-4096": "rsa-4096" } as const;

export async function generate(context: CommandContext, options: GenerateOptions): Promise<void> {
  const { world, out } = context;
  if (options.bootstrapTokenFile !== undefined && options.fromKubernetesPki === undefined) {
    throw new CliError("TB1001", "--bootstrap-token-file goes with --from-kubernetes-pki alone");
  }
  const input = { now: world.now(), osKeyType: KEY_TYPES[options.keyType] };
  out.step("making keys; the one for service accounts takes seconds");
  const bundle =
    options.fromKubernetesPki === undefined
      ? await generateSecretsBundle(input)
      : await fromKubernetesPki(context, options, options.fromKubernetesPki, input);
  // Making keys can't be cut short.
  throwIfEnded(context);
  await store(context, options, bundle, "create-authority");
}

async function fromKubernetesPki(
  { world }: CommandContext,
  { bootstrapTokenFile }: GenerateOptions,
  folder: string,
  input: Parameters<typeof generateSecretsBundle>[0],
): Promise<SecretsBundle> {
  const token =
    bootstrapTokenFile === undefined ? undefined : (await readText(world, bootstrapTokenFile)).trim();
  try {
    return await secretsBundleFromKubernetesPki({
      ...input,
      readFile: (path) => readInput(world, join(folder, path)),
      ...(token !== undefined && { bootstrapToken: token }),
    });
  } catch (error) {
    if (!(error instanceof SecretsBundleError)) throw error;
    if (error.cause instanceof CliError) throw error.cause; // it says why a file can't be read
    throw new CliError("TB1006", `${folder}: ${error.message} (${error.code})`, { cause: error });
  }
}

export interface ImportOptions extends WriteOptions {
  readonly fromControlplane: string;
}

export async function importBundle(context: CommandContext, options: ImportOptions): Promise<void> {
  const { fromControlplane: path } = options;
  const bytes = await readInput(context.world, path);
  const bundle = naming(path, "TB1008", () => secretsBundleFromMachineConfig(bytes));
  await store(context, options, bundle, "import-authority");
}

/** What makes a CA is written down before its result can be used. */
async function store(
  { world, out }: CommandContext,
  { out: path, force }: WriteOptions,
  bundle: SecretsBundle,
  act: string,
): Promise<void> {
  await recordAct(world, { act, ca: fingerprintOf(bundle.certs.os.crt), out: path });
  await writeOutput(world, path, encodeSecretsBundle(bundle), { force });
  if (path !== "-") out.done(`${path} (0600): all secrets of the cluster. Keep it encrypted, and out of git`);
}

export interface ShowOptions {
  readonly secrets: string;
  readonly reveal: boolean;
}

export async function show({ world, out }: CommandContext, { secrets, reveal }: ShowOptions): Promise<void> {
  const bundle = await readBundle(world, secrets);
  if (reveal) await recordAct(world, { act: "reveal-secrets", ca: fingerprintOf(bundle.certs.os.crt) });
  const fields = FIELD_PATHS.flatMap((path) => {
    const value = fieldOf(bundle, path);
    return value === undefined ? [] : [{ path, ...describeField(path, value), ...(reveal && { value }) }];
  });
  const rows = fields.map(({ path, is, value }) => [path, is, ...(value === undefined ? [] : [value])]);
  out.data({ kind: "SecretsBundle", fields }, { head: ["FIELD", "IS", ...(reveal ? ["VALUE"] : [])], rows });
}

/** What may be said of a field: never the secret in it. */
function describeField(path: FieldPath, value: string): { readonly is: string; readonly notAfter?: string } {
  if (path.endsWith(".crt")) {
    const [certificate] = readCertificates(value);
    if (certificate === undefined) return { is: "no certificate" };
    const { subject, publicKey, notAfter } = certificate;
    const until = notAfter.toISOString();
    return { is: `CA ${subject || "without a name"}, ${publicKey.type}, until ${until}`, notAfter: until };
  }
  if (path.endsWith(".key")) return { is: `private key, ${readPrivateKey(value).publicKey.type}` };
  return { is: path.endsWith("token") ? "token" : path === "cluster.id" ? "id" : "secret" };
}

export interface ExtractOptions {
  readonly field: string;
  readonly secrets: string;
  readonly base64: boolean;
  readonly pemLabel: "rfc7468" | "talos";
}

export async function extract({ world, out }: CommandContext, options: ExtractOptions): Promise<void> {
  const bundle = await readBundle(world, options.secrets);
  const value = naming(options.secrets, "TB1009", () => readField(bundle, options.field));
  const isKey = options.field.toLowerCase().endsWith(".key");
  if (isKey) await recordAct(world, { act: "extract-key", publicKey: keyFingerprintOf(value), out: "-" });
  const text = isKey && options.pemLabel === "rfc7468" ? convertPrivateKey(value, "pkcs8") : value;
  const shown = options.base64 ? Buffer.from(text).toString("base64") : text;
  out.data(
    { kind: "SecretsField", field: options.field, value: shown },
    shown.endsWith("\n") ? shown : `${shown}\n`,
  );
}

function fieldOf(bundle: SecretsBundle, path: FieldPath): string | undefined {
  try {
    return readField(bundle, path);
  } catch (error) {
    if (error instanceof SecretsBundleError && error.code === "ERR_BUNDLE_ABSENT") return undefined;
    throw error;
  }
}
