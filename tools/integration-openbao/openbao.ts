// Real OpenBao servers for integration tests: started on loopback, and stopped by the process ids kept here.
import {
  createHttpRequest,
  createVaultCall,
  readVaultHealth,
  type BareVaultCall,
  type VaultHealth,
} from "@talos-bridge/vault";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openBaoBinary } from "./openbao-binary.ts";
import { freePort, until } from "./wait.ts";

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
