import { Code } from "@connectrpc/connect";
import { Health, SecurityService } from "@talos-bridge/api";
import {
  bindService,
  createGrpcServer,
  createHealth,
  createMetrics,
  createServerEvents,
  delay,
  GrpcServerError,
  repeat,
  startAdminServer,
  watchFiles,
  type GrpcServer,
  type HealthCheck,
  type Log,
  type Running,
} from "@talos-bridge/grpc-server";
import { BUILD, checked, faulty, type Checked, type SettingSource } from "@talos-bridge/settings";
import { createFailureLimiter } from "@talos-bridge/token-auth";
import { createAudit } from "./audit.ts";
import { createCertificateHandler } from "./certificate.ts";
import { namePolicyOf, type Values } from "./config.ts";
import { filesOf } from "./file-check.ts";
import { createLiveMaterial } from "./live-material.ts";
import { serverNames, type HostIdentity } from "./own-names.ts";
import { proveMaterial } from "./prove.ts";
import { createSignerMetrics } from "./signer-metrics.ts";
import { createTokenGate } from "./token-gate.ts";

export interface SignerInput {
  readonly values: Values;
  readonly adminAddrSource: SettingSource;
  readonly host: HostIdentity;
  readonly now: () => Date;
  readonly log: Log;
}

/** A signer that takes calls. */
export interface Started extends Running {
  readonly port: number;
  /** Undefined where the default admin port was taken. */
  readonly adminPort: number | undefined;
}

const TEND_MS = 30_000;
const AUDIT_FLUSH_MS = 1_000;

/** Proves the material, then serves. Every fault that keeps the signer from serving is told at once. */
export async function startSigner({
  values,
  adminAddrSource,
  host,
  now,
  log,
}: SignerInput): Promise<Checked<Started>> {
  const proven = await proveMaterial(values, host, now(), log);
  if (!proven.ok) return proven;
  const { material, contents, options } = proven.value;

  const monotonic = (): number => performance.now();
  const metrics = createMetrics({ build: BUILD });
  const signerMetrics = createSignerMetrics(metrics);
  const audit = createAudit({ write: (level, message, fields) => log[level](message, fields), monotonic });
  const live = createLiveMaterial(material, {
    ...options,
    serverIps: serverNames(values.serverIps),
    compilePolicy: (ownNames) => namePolicyOf(values, ownNames),
    now,
    log,
    metrics: signerMetrics,
    setTls: (tls) => server.setTls(tls),
  });
  let stopping = false;
  const ready: readonly HealthCheck[] = [
    { name: "accepting", fault: () => (stopping ? "stopping" : undefined) },
    ...live.checks,
  ];

  const certificate = createCertificateHandler({
    trust: () => live.current().trust,
    namePolicy: live.namePolicy,
    lifetimeMs: values.certTtl,
    now,
    audit,
    metrics: signerMetrics,
  });
  const gate = createTokenGate({
    verifier: () => live.current().tokens,
    failures: createFailureLimiter({ perMinute: values.tokenFailuresPerMinute, now: monotonic }),
    onRefused({ method, peer, code, reason }) {
      signerMetrics.rejected(reason);
      audit.refused({ peer: peer.address, method, code: Code[code], reason });
    },
  });
  const server: GrpcServer = createGrpcServer({
    services: [
      bindService(SecurityService, { certificate }),
      createHealth({
        services: [SecurityService.typeName],
        serving: () => ready.every(({ fault }) => fault() === undefined),
      }),
    ],
    gate,
    limits: {
      maxConnections: values.maxConnections,
      maxConnectionsPerAddress: values.maxConnectionsPerAddress,
      maxCalls: values.maxCalls,
    },
    tls: { cert: material.serving.certificatePem, key: material.serving.keyPem },
    events: createServerEvents(metrics, log, [
      { service: SecurityService.typeName, method: "Certificate" },
      { service: Health.typeName, method: "Check" },
    ]),
  });

  const admin = await startAdminServer({ address: values.adminAddr, ready, metrics });
  if (!admin.ok && adminAddrSource !== "default") {
    return faulty({ setting: "ADMIN_ADDR", fault: `can't listen: ${admin.code}` });
  }
  if (!admin.ok) log.warn("no health and metrics: the default admin port can't be had", { code: admin.code });
  const adminPort = admin.ok ? admin.port : undefined;
  const listening = await listen(server, values);
  if (!listening.ok) {
    if (admin.ok) await admin.close();
    return listening;
  }

  const watch = watchFiles({
    files: filesOf(options.paths),
    seen: contents,
    onChange: live.reload,
    onError: (file, error) => log.error("can't watch or read", { file, error }),
  });
  const endTending = repeat(TEND_MS, live.tend);
  const endFlushing = repeat(AUDIT_FLUSH_MS, audit.flush);
  log.info("listening", { port: listening.value, adminPort, ...BUILD });
  return checked({
    port: listening.value,
    adminPort,
    async stop(stopNow) {
      stopping = true;
      log.info("stopping", { delayMs: values.shutdownDelay, timeoutMs: values.shutdownTimeout });
      // Both signals may have come before the first was noticed.
      if (stopNow.aborted) server.closeNow();
      else stopNow.addEventListener("abort", () => server.closeNow(), { once: true });
      await delay(values.shutdownDelay, stopNow);
      watch.stop();
      endTending();
      const drained = await server.drain({ timeoutMs: values.shutdownTimeout });
      endFlushing();
      audit.flush();
      if (admin.ok) await admin.close();
      log.info("stopped", drained);
    },
  });
}

async function listen(server: GrpcServer, { port, bindAddress }: Values): Promise<Checked<number>> {
  try {
    const bound = await server.listen({ port, ...(bindAddress !== undefined && { host: bindAddress }) });
    return checked(bound.port);
  } catch (error) {
    if (!(error instanceof GrpcServerError)) throw error;
    const { cause } = error;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : error.code;
    const setting = code === "EADDRNOTAVAIL" ? "BIND_ADDRESS" : "PORT";
    return faulty({ setting, fault: `can't listen on port ${port}: ${code}` });
  }
}
