import { Code, ConnectError, createClient, createRouterTransport, type Client } from "@connectrpc/connect";
import { KMSService } from "@talos-bridge/api";
import { createMetrics } from "@talos-bridge/grpc-server";
import { createCallerLimits } from "../../src/caller-limits.ts";
import { createKmsAudit, type KmsAuditOptions } from "../../src/kms-audit.ts";
import { createKmsMetrics } from "../../src/kms-metrics.ts";
import { createKmsService } from "../../src/kms-service.ts";
import { everyReplicaServes, type Leadership } from "../../src/leadership.ts";
import { createUuidPolicy, type UuidPolicyOptions } from "../../src/node-uuid.ts";
import type { SealBackend } from "../../src/seal-backend.ts";
import { createSealRate } from "../../src/seal-rate.ts";

export interface ServiceOptions {
  readonly backend?: Partial<SealBackend>;
  readonly leadership?: Leadership;
  readonly uuidForm?: KmsAuditOptions["uuidForm"];
  readonly policy?: Partial<UuidPolicyOptions>;
  readonly sealSize?: number;
  readonly perMinutePerUuid?: number;
  readonly sealBurst?: number;
  /** Told as each audit line is written. */
  readonly onAudit?: () => void;
}

export interface TestService {
  readonly kms: Client<typeof KMSService>;
  /** Lines of the audit: message and fields. */
  readonly audit: readonly Readonly<Record<string, unknown>>[];
  /** Samples of talos_kms_operations_total above 0, as `op result count`. */
  readonly operations: () => Promise<readonly string[]>;
}

export const SECRET = Buffer.alloc(32, 0x5a);
export const CIPHERTEXT = Buffer.from(`vault:v3:${Buffer.alloc(60, 1).toString("base64")}`);

/** The service alone, in memory, on a backend that answers well unless told otherwise. */
export function createTestService(options: ServiceOptions = {}): TestService {
  const metrics = createMetrics({ build: { version: "test", revision: "test" } });
  const audit: Readonly<Record<string, unknown>>[] = [];
  const backend: SealBackend = {
    seal: async () => ({ ciphertext: CIPHERTEXT, keyVersion: 3 }),
    unseal: async () => ({ data: SECRET, keyVersion: 3 }),
    ...options.backend,
  };
  const service = createKmsService({
    backend,
    uuidPolicy: createUuidPolicy({
      mode: "strict",
      disableValidation: false,
      allowedVersions: new Set([4]),
      disableEntropyCheck: false,
      ...options.policy,
    }),
    sealSize: options.sealSize ?? 32,
    sealRate: createSealRate({ perSecond: 1, burst: options.sealBurst ?? 1000 }, () => 0),
    callers: createCallerLimits({
      allowedSources: () => true,
      perMinutePerAddress: 0,
      perMinutePerUuid: options.perMinutePerUuid ?? 0,
      now: () => 0,
    }),
    leadership: options.leadership ?? everyReplicaServes(() => true),
    audit: createKmsAudit({
      uuidForm: options.uuidForm ?? "full",
      write(level, message, fields) {
        audit.push({ level, message, ...fields });
        options.onAudit?.();
      },
      monotonic: () => 0,
    }),
    metrics: createKmsMetrics(metrics),
  });
  const transport = createRouterTransport(({ service: add }) => void add(KMSService, service));
  return {
    kms: createClient(KMSService, transport),
    audit,
    async operations() {
      const samples = (await metrics.text()).matchAll(
        /^talos_kms_operations_total\{op="(?<op>\w+)",result="(?<result>[\w-]+)"\} (?<count>[1-9]\d*)$/gm,
      );
      return [...samples].map(({ groups }) => `${groups?.["op"]} ${groups?.["result"]} ${groups?.["count"]}`);
    },
  };
}

/** The refusal that a call ends with; its code by name, and its text. */
export async function refusalOf(call: Promise<unknown>): Promise<{ code: string; text: string }> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) throw new Error("the call was answered");
  const { code, rawMessage } = ConnectError.from(error);
  return { code: Code[code], text: rawMessage };
}
