export { checkDurations, JITTER_FACTOR, type LeaseDurations } from "./durations.ts";
export { createElector, type Elector, type ElectorOptions, type Leadership } from "./elector.ts";
export { LeaderError, type LeaderErrorCode } from "./errors.ts";
export {
  createLeaseLock,
  type KubernetesRequest,
  type LeaseLockOptions,
  type RequestKubernetes,
} from "./lease-lock.ts";
export { createMemoryLock, type Lease, type LeaseRecord, type Lock } from "./lock.ts";
export type { Timers } from "./timers.ts";
