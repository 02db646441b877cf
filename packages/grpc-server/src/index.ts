// What surrounds the calls: log, metrics, admin port, files.
export {
  startAdminServer,
  type AdminAnswer,
  type AdminServerOptions,
  type AdminServerStart,
} from "./admin-server.ts";
export { createAuditLog, type AuditLog, type AuditLogOptions } from "./audit-log.ts";
export { createCallMetrics, type ServedMethod } from "./call-metrics.ts";
export { checkFileMode, type FileModeOptions, type FileModeVerdict } from "./file-modes.ts";
export type { HealthCheck } from "./health-report.ts";
export {
  createLog,
  type Log,
  type LogFields,
  type LogFormat,
  type LogLevel,
  type LogOptions,
} from "./log.ts";
export {
  createMetrics,
  type CounterMetric,
  type GaugeMetric,
  type HistogramMetric,
  type Labels,
  type Metrics,
  type MetricsOptions,
} from "./metrics.ts";
export {
  runInProcess,
  runProgram,
  type LoadedProgram,
  type Program,
  type ProgramWorld,
  type Running,
} from "./program.ts";
export { delay, repeat } from "./repeat.ts";
export { createServerEvents } from "./server-events.ts";
export { SERVER_SETTINGS } from "./server-settings.ts";
export { MAX_FILE_BYTES, readFiles, readSmallFile, type FileContents } from "./read-file.ts";
export { watchFiles, type FileWatch, type WatchFilesOptions } from "./watch-files.ts";
export { bindService } from "./bind-service.ts";
export {
  codeName,
  type CallCode,
  type CloseReason,
  type EndedCall,
  type RefuseReason,
  type ServerEvents,
} from "./events.ts";
export { GrpcServerError, type GrpcServerErrorCode } from "./errors.ts";
export { peerKey, principalKey, type GateDecision, type HeaderGate, type Peer } from "./gate.ts";
export { createHealth } from "./health.ts";
export { DEFAULT_LIMITS, type Limits } from "./limits.ts";
export { mapErrors } from "./map-errors.ts";
export { createGrpcServer, type GrpcServer, type GrpcServerOptions } from "./server.ts";
export { StatusError } from "./status-error.ts";
export { systemTimers, type Timers } from "./timers.ts";
export type { TlsMaterial } from "./tls.ts";
