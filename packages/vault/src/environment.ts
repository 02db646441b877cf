import { parseAddress } from "./address.ts";
import type { AuthMethodName } from "./auth/method.ts";
import { readAuthSettings, type VaultAuthSettings } from "./environment-auth.ts";
import {
  createReader,
  type Environment,
  type EnvironmentReader,
  type VaultFault,
} from "./environment-reader.ts";
import {
  parseBoolean,
  parseCount,
  parseHeaders,
  parsePath,
  parseRateLimit,
  parseTimeout,
} from "./environment-values.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { VaultTlsSettings } from "./tls-files.ts";

/** What {@link createVault} needs to know. */
export interface VaultSettings {
  readonly address: string;
  readonly namespace?: string | undefined;
  readonly authNamespace?: string | undefined;
  readonly auth: VaultAuthSettings;
  readonly autoRenew?: boolean;
  readonly tls?: VaultTlsSettings;
  /** Milliseconds for one call. */
  readonly timeoutMs?: number | undefined;
  readonly maxRetries?: number | undefined;
  readonly rateLimit?: RateLimit | undefined;
  /** Proxy by name: HTTPS_PROXY, HTTP_PROXY, NO_PROXY. */
  readonly proxy?: Readonly<Record<string, string>> | undefined;
  readonly followRedirects?: boolean;
  readonly srvLookup?: boolean;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface VaultEnvironment {
  /** Undefined where there are faults. */
  readonly settings: VaultSettings | undefined;
  readonly faults: readonly VaultFault[];
  /** Each a sentence for the log. */
  readonly warnings: readonly string[];
  /** Auth methods that were configured too, but not chosen. */
  readonly passedOver: readonly AuthMethodName[];
}

/** Reads every name of `VAULT_ENVIRONMENT`, pure: no file is opened. All faults come at once. */
export function readVaultEnvironment(env: Environment): VaultEnvironment {
  const faults: VaultFault[] = [];
  const read = createReader(env, faults);
  const warnings: string[] = [];
  const address = read.text("AGENT_ADDR") ?? read.text("ADDR");
  if (address === undefined) read.fault("ADDR", "must be given, such as https://vault.example.com:8200");
  else checkAddress(address, read);
  const auth = readAuthSettings(read);
  const skipVerify = flag(read, "SKIP_VERIFY") ?? false;
  if (skipVerify) warnings.push(`${read.label("SKIP_VERIFY")}: anybody on the way can pose as Vault`);
  if (address?.startsWith("http://") === true) {
    warnings.push(`${read.label("ADDR")}: plain http, so tokens and keys are readable on the way`);
  }
  const autoRenew = flag(read, "AUTO_RENEW") ?? true;
  const settings: Omit<VaultSettings, "address" | "auth"> = {
    namespace: namespace(read, "NAMESPACE"),
    authNamespace: namespace(read, "AUTH_NAMESPACE"),
    autoRenew,
    tls: readTls(read, skipVerify),
    timeoutMs: read.value("CLIENT_TIMEOUT", parseTimeout, "must be whole seconds or a duration, such as 15s"),
    maxRetries: read.value("MAX_RETRIES", parseCount, "must be a whole number"),
    rateLimit: read.value("RATE_LIMIT", parseRateLimit, "must be RATE or RATE:BURST"),
    proxy: readProxy(env, read),
    followRedirects: !(flag(read, "DISABLE_REDIRECTS") ?? false),
    srvLookup: flag(read, "SRV_LOOKUP") ?? false,
    headers: read.value("HEADERS", parseHeaders, "must be a JSON object of texts, without X-Vault- names"),
  };
  const complete = faults.length === 0 && address !== undefined && auth.settings !== undefined;
  return {
    settings: complete ? { ...settings, address, auth: auth.settings } : undefined,
    faults,
    warnings,
    passedOver: auth.passedOver,
  };
}

function flag(read: EnvironmentReader, name: string): boolean | undefined {
  return read.value(name, parseBoolean, "must be true or false");
}

function checkAddress(address: string, read: EnvironmentReader): void {
  const name = read.text("AGENT_ADDR") === undefined ? "ADDR" : "AGENT_ADDR";
  try {
    parseAddress(address);
  } catch (error) {
    read.fault(name, `cannot be used: ${error instanceof Error ? error.message : "unknown"}`);
  }
}

function namespace(read: EnvironmentReader, name: string): string | undefined {
  return read.value(name, parsePath, "must be a path of letters, digits, _, . and -");
}

function readTls(read: EnvironmentReader, skipVerify: boolean): VaultTlsSettings {
  const caFile = read.text("CACERT");
  const caPem = caFile === undefined ? read.text("CACERT_BYTES") : undefined;
  const caDirectory = caFile === undefined && caPem === undefined ? read.text("CAPATH") : undefined;
  const certFile = read.text("CLIENT_CERT");
  const keyFile = read.text("CLIENT_KEY");
  const certPem = certFile === undefined ? read.text("CLIENT_CERT_BYTES") : undefined;
  const keyPem = keyFile === undefined ? read.text("CLIENT_KEY_BYTES") : undefined;
  const hasCert = certFile !== undefined || certPem !== undefined;
  const hasKey = keyFile !== undefined || keyPem !== undefined;
  if (hasCert && !hasKey) read.fault("CLIENT_KEY", "must be given with the client certificate");
  if (hasKey && !hasCert) read.fault("CLIENT_CERT", "must be given with the client key");
  const serverName = read.text("TLS_SERVER_NAME");
  return { caFile, caPem, caDirectory, certFile, certPem, keyFile, keyPem, serverName, skipVerify };
}

function readProxy(env: Environment, read: EnvironmentReader): Readonly<Record<string, string>> | undefined {
  const name = read.text("PROXY_ADDR") === undefined ? "HTTP_PROXY" : "PROXY_ADDR";
  const own = read.text(name);
  if (own !== undefined) {
    if (!/^https?:\/\//.test(own) || !URL.canParse(own)) {
      read.fault(name, "must be a URL, such as http://proxy.example.com:3128");
    }
    return { HTTPS_PROXY: own, HTTP_PROXY: own };
  }
  const standard: Record<string, string> = {};
  for (const key of ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"]) {
    const value = env[key.toLowerCase()] ?? env[key];
    if (value !== undefined && value !== "") standard[key] = value;
  }
  return standard["HTTPS_PROXY"] === undefined && standard["HTTP_PROXY"] === undefined ? undefined : standard;
}
