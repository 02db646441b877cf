import { Code } from "@connectrpc/connect";
import { Health, KMSService } from "@talos-bridge/api";
import {
  bindService,
  checkFileMode,
  createGrpcServer,
  createHealth,
  createMetrics,
  createServerEvents,
  delay,
  GrpcServerError,
  readFiles,
  repeat,
  startAdminServer,
  watchFiles,
  type FileContents,
  type GrpcServer,
  type HealthCheck,
  type Log,
  type Metrics,
  type Running,
} from "@talos-bridge/grpc-server";
import { BUILD, checked, faulty, type Checked, type Fault, type SettingSource } from "@talos-bridge/settings";
import { createCallerLimits } from "./caller-limits.ts";
import { checkValues, type Values } from "./config.ts";
import { createKmsAudit } from "./kms-audit.ts";
import { createKmsGate } from "./kms-gate.ts";
import { createKmsMetrics, type KmsMetrics } from "./kms-metrics.ts";
import { createKmsService } from "./kms-service.ts";
import { createUuidPolicy } from "./node-uuid.ts";
import { openBackend } from "./open-backend.ts";
import { openLeadership } from "./open-leadership.ts";
import { createSealRate } from "./seal-rate.ts";
import { unknownNames } from "./unknown-names.ts";
import { readServingPair, type ServingPair, type ServingPaths } from "./serving-pair.ts";

export interface KmsInput {
  readonly values: Values;
  readonly healthAddrSource: SettingSource;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostname: string;
  readonly leaderFilePath: string;
  readonly log: Log;
}

/** A KMS that takes calls. */
export interface Started extends Running {
  readonly port: number;
  /** Undefined without a health server. */
  readonly adminPort: number | undefined;
}

const AUDIT_FLUSH_MS = 1_000;

/** Checks the configuration, all faults at once, then serves. Vault is waited for, not needed. */
export async function startKms(input: KmsInput): Promise<Checked<Started>> {
  const { values, env, log } = input;
  const monotonic = (): number => performance.now();
  const metrics = createMetrics({ build: BUILD });
  const kmsMetrics = createKmsMetrics(metrics);
  const ready: HealthCheck[] = [];
  const serving = (): boolean => ready.every(({ fault }) => fault() === undefined);

  for (const setting of unknownNames(env)) log.warn("no such setting", { setting });
  const valid = checkValues(values);
  const tls = values.enableTls ? await openTls(values, log) : checked(undefined);
  const leading = openLeadership({ ...input, metrics: kmsMetrics, ready: serving });
  const opened = await openBackend({ values, env, log, metrics: kmsMetrics });
  if (!valid.ok || !tls.ok || !leading.ok || !opened.ok) {
    return faulty(...[valid, tls, leading, opened].flatMap((each) => (each.ok ? [] : each.faults)));
  }
  const leadership = leading.value;

  const audit = createKmsAudit({
    uuidForm: values.auditUuid,
    write: (level, message, fields) => log[level](message, fields),
    monotonic,
  });
  const callers = createCallerLimits({
    allowedSources: values.allowedSources,
    perMinutePerAddress: values.callsPerMinutePerAddress,
    perMinutePerUuid: values.callsPerMinutePerUuid,
    now: monotonic,
  });
  const running = await opened.value.start();
  let stopping = false;
  ready.push(
    { name: "accepting", fault: () => (stopping ? "stopping" : undefined) },
    ...running.checks,
    ...leadership.checks,
  );

  const server: GrpcServer = createGrpcServer({
    services: [
      bindService(
        KMSService,
        createKmsService({
          backend: running.backend,
          uuidPolicy: createUuidPolicy({
            disableValidation: values.disableValidation,
            mode: values.uuidValidationMode,
            allowedVersions: values.allowUuidVersions,
            disableEntropyCheck: values.disableEntropyCheck,
          }),
          sealSize: values.sealSize,
          sealRate: createSealRate(values.sealRate, monotonic),
          callers,
          leadership,
          audit,
          metrics: kmsMetrics,
        }),
      ),
      createHealth({ services: [KMSService.typeName], serving }),
    ],
    gate: createKmsGate({
      callers,
      onRefused({ method, peer, code, reason }) {
        const operation = method.endsWith("/Seal") ? "seal" : "unseal";
        kmsMetrics.operation(operation, reason);
        audit.refused({ operation, peer: peer.address, code: Code[code], reason });
      },
    }),
    anonymousCallers: true,
    limits: {
      maxConnections: values.maxConnections,
      maxConnectionsPerAddress: values.maxConnectionsPerAddress,
      maxCalls: values.maxCalls,
      maxMessageBytes: values.maxMessageBytes,
    },
    ...(tls.value !== undefined && { tls: tls.value.pair.tls }),
    events: createServerEvents(metrics, log, [
      { service: KMSService.typeName, method: "Seal" },
      { service: KMSService.typeName, method: "Unseal" },
      { service: Health.typeName, method: "Check" },
    ]),
  });
  kmsMetrics.plaintext(tls.value === undefined);
  if (tls.value === undefined) log.warn("no TLS: disk keys cross the network in the clear; see --enable-tls");

  const admin = await openAdmin(input, ready, metrics, leadership.routes);
  const listening = admin.ok ? await listen(server, values) : admin;
  if (!admin.ok || !listening.ok) {
    if (admin.ok) await admin.value?.close();
    await running.stop();
    return faulty(...(admin.ok ? [] : admin.faults), ...(listening.ok || !admin.ok ? [] : listening.faults));
  }
  const endWatching = tls.value === undefined ? undefined : watchTls(tls.value, server, log, kmsMetrics);
  const endFlushing = repeat(AUDIT_FLUSH_MS, audit.flush);
  leadership.start();
  const { port } = listening.value;
  const adminPort = admin.value?.port;
  log.info("listening", { port, adminPort, backend: values.backend, ...BUILD });
  return checked({
    port,
    adminPort,
    async stop(stopNow) {
      stopping = true;
      log.info("stopping", { delayMs: values.shutdownDelay, timeoutMs: values.shutdownTimeout });
      if (stopNow.aborted) server.closeNow();
      else stopNow.addEventListener("abort", () => server.closeNow(), { once: true });
      await delay(values.shutdownDelay, stopNow);
      endWatching?.();
      const drained = await server.drain({ timeoutMs: values.shutdownTimeout });
      // After the last answer: another replica may lead from here on.
      await leadership.stop();
      await running.stop();
      endFlushing();
      audit.flush();
      await admin.value?.close();
      log.info("stopped", drained);
    },
  });
}

interface OpenTls {
  readonly pair: ServingPair;
  readonly paths: ServingPaths;
  readonly contents: FileContents;
}

async function openTls(values: Values, log: Log): Promise<Checked<OpenTls>> {
  const paths = { certificate: values.tlsCert, key: values.tlsKey };
  const contents = await readFiles([paths.certificate, paths.key], () => undefined);
  const pair = readServingPair(paths, contents);
  const mode = await checkFileMode(paths.key, { strict: values.strictFileModes });
  const where = { setting: "--tls-key", file: paths.key };
  const faults: Fault[] = [
    ...(pair.ok ? [] : pair.faults),
    ...(mode.verdict === "refuse" ? [{ ...where, fault: mode.reason }] : []),
  ];
  if (!pair.ok || faults.length > 0) return faulty(...faults);
  if (mode.verdict === "warn") log.warn("file mode", { ...where, warning: mode.reason });
  return checked({ pair: pair.value, paths, contents });
}

/** Takes a renewed serving pair for the handshakes to come; one that can't be used changes nothing. */
function watchTls(
  { pair, paths, contents }: OpenTls,
  server: GrpcServer,
  log: Log,
  metrics: KmsMetrics,
): () => void {
  metrics.servingNotAfter(pair.notAfter);
  const watch = watchFiles({
    files: [paths.certificate, paths.key],
    seen: contents,
    onChange(changed) {
      const next = readServingPair(paths, changed);
      metrics.reloaded("serving", next.ok);
      if (!next.ok) {
        for (const fault of next.faults) {
          log.error("reload refused, the old material stays in force", { group: "serving", ...fault });
        }
        return;
      }
      server.setTls(next.value.tls);
      metrics.servingNotAfter(next.value.notAfter);
      log.info("reloaded", { groups: ["serving"] });
    },
    onError: (file, error) => log.error("can't watch or read", { file, error }),
  });
  return () => watch.stop();
}

type Admin = Extract<Awaited<ReturnType<typeof startAdminServer>>, { ok: true }>;

async function openAdmin(
  { values, healthAddrSource, log }: KmsInput,
  ready: readonly HealthCheck[],
  metrics: Metrics,
  routes: Parameters<typeof startAdminServer>[0]["routes"],
): Promise<Checked<Admin | undefined>> {
  if (!values.healthServer) return checked(undefined);
  const admin = await startAdminServer({
    address: values.healthServerAddr,
    ready,
    metrics,
    ...(routes && { routes }),
  });
  if (admin.ok) return checked(admin);
  if (healthAddrSource !== "default") {
    return faulty({ setting: "--health-server-addr", fault: `can't listen: ${admin.code}` });
  }
  log.warn("no health and metrics: the default admin port can't be had", { code: admin.code });
  return checked(undefined);
}

async function listen(
  server: GrpcServer,
  { kmsApiEndpoint: { host, port } }: Values,
): Promise<Checked<{ readonly port: number }>> {
  try {
    return checked(await server.listen({ port, ...(host !== undefined && { host }) }));
  } catch (error) {
    if (!(error instanceof GrpcServerError)) throw error;
    const { cause } = error;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : error.code;
    return faulty({ setting: "--kms-api-endpoint", fault: `can't listen on port ${port}: ${code}` });
  }
}
