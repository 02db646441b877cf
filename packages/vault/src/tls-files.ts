import type { ReadTextFile } from "./auth/method.ts";
import { VaultError } from "./errors.ts";
import type { VaultTls } from "./http-request.ts";

/** TLS material by file or text; of a CA's three forms at most one is looked at, the file first. */
export interface VaultTlsSettings {
  readonly caFile?: string | undefined;
  readonly caPem?: string | undefined;
  readonly caDirectory?: string | undefined;
  readonly certFile?: string | undefined;
  readonly certPem?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly keyPem?: string | undefined;
  readonly serverName?: string | undefined;
  readonly skipVerify?: boolean | undefined;
}

export interface VaultFiles {
  readonly readFile: ReadTextFile;
  /** Names in a directory; needed for a CA directory only. */
  readonly readDirectory?: ((path: string) => Promise<readonly string[]>) | undefined;
}

/**
 * Reads the material as it is on disk now.
 *
 * @throws VaultError `ERR_VAULT_CREDENTIALS`, naming the file
 */
export async function readVaultTls(settings: VaultTlsSettings, files: VaultFiles): Promise<VaultTls> {
  const { caFile, caPem, caDirectory, certFile, certPem, keyFile, keyPem } = settings;
  const read = async (path: string): Promise<string> => {
    try {
      return await files.readFile(path);
    } catch (cause) {
      throw new VaultError("ERR_VAULT_CREDENTIALS", `${path} cannot be read`, { cause });
    }
  };
  const ca = async (): Promise<string | readonly string[] | undefined> => {
    if (caFile !== undefined) return checkPem(caFile, await read(caFile));
    if (caPem !== undefined) return checkPem("the CA certificate", caPem);
    return caDirectory === undefined ? undefined : await readCaDirectory(caDirectory, files);
  };
  return {
    ca: await ca(),
    cert: certFile === undefined ? certPem : await read(certFile),
    key: keyFile === undefined ? keyPem : await read(keyFile),
    serverName: settings.serverName,
    skipVerify: settings.skipVerify,
  };
}

async function readCaDirectory(
  path: string,
  { readFile, readDirectory }: VaultFiles,
): Promise<readonly string[]> {
  try {
    // A Kubernetes volume has `..data` and the like beside its files.
    const names = (await (readDirectory?.(path) ?? Promise.resolve([]))).filter(
      (name) => !name.startsWith("."),
    );
    const texts = await Promise.all(names.toSorted().map((name) => readFile(`${path}/${name}`)));
    const found = texts.filter(isCertificate);
    if (found.length > 0) return found;
  } catch (cause) {
    throw new VaultError("ERR_VAULT_CREDENTIALS", `${path} cannot be read`, { cause });
  }
  throw new VaultError("ERR_VAULT_CREDENTIALS", `${path} holds no PEM certificate`);
}

/** node:tls takes a text without a certificate for an empty list, and then every connection fails. */
function checkPem(what: string, text: string): string {
  if (isCertificate(text)) return text;
  throw new VaultError("ERR_VAULT_CREDENTIALS", `${what} holds no PEM certificate`);
}

function isCertificate(text: string): boolean {
  return text.includes("-----BEGIN CERTIFICATE-----");
}
