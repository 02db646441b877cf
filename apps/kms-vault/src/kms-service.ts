import { Code, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import type { KMSService, KmsRequest } from "@talos-bridge/api";
import { peerKey, StatusError } from "@talos-bridge/grpc-server";
import type { CallerLimits } from "./caller-limits.ts";
import type { KmsAudit, Operation } from "./kms-audit.ts";
import type { KmsMetrics } from "./kms-metrics.ts";
import type { Leadership } from "./leadership.ts";
import { describeRefusedUuid, type CheckedUuid, type NodeUuid, type UuidPolicy } from "./node-uuid.ts";
import type { SealBackend } from "./seal-backend.ts";
import { SealError, type SealErrorCode } from "./seal-error.ts";
import type { SealRate } from "./seal-rate.ts";

export interface KmsServiceOptions {
  readonly backend: SealBackend;
  readonly uuidPolicy: UuidPolicy;
  /** Bytes that Seal takes and Unseal gives, exactly. */
  readonly sealSize: number;
  readonly sealRate: SealRate;
  readonly callers: CallerLimits;
  readonly leadership: Leadership;
  readonly audit: KmsAudit;
  readonly metrics: KmsMetrics;
}

interface Refusal {
  readonly code: Code;
  /** For the caller. */
  readonly text: string;
  /** A stable word for log and metrics. */
  readonly reason: string;
  readonly detail?: string;
}

/** What the caller is told. One text for a node without a key, another node's ciphertext and a damaged one: no oracle. */
const REFUSALS: Readonly<Record<SealErrorCode, Omit<Refusal, "detail">>> = {
  ERR_KMS_MALFORMED: {
    code: Code.InvalidArgument,
    text: "the data is no ciphertext of this KMS",
    reason: "malformed",
  },
  ERR_KMS_REFUSED: {
    code: Code.PermissionDenied,
    text: "the data can't be unsealed for this node",
    reason: "refused",
  },
  ERR_KMS_UNKNOWN_NODE: {
    code: Code.PermissionDenied,
    text: "the node is not known here",
    reason: "unknown-node",
  },
  ERR_KMS_FORBIDDEN: {
    code: Code.PermissionDenied,
    text: "the KMS is not allowed to do this for the node",
    reason: "forbidden",
  },
  ERR_KMS_KEY_UNUSABLE: {
    code: Code.FailedPrecondition,
    text: "the node's key can't be used to seal",
    reason: "key-unusable",
  },
  ERR_KMS_NOT_UNSEALABLE: {
    code: Code.Internal,
    text: "the sealed key could not be unsealed again",
    reason: "not-unsealable",
  },
  ERR_KMS_UNAVAILABLE: {
    code: Code.Unavailable,
    text: "the KMS can't be reached now: try again",
    reason: "unavailable",
  },
  ERR_KMS_ABORTED: { code: Code.Canceled, text: "the call was ended", reason: "aborted" },
};

/** Seal and Unseal of sidero.kms.KMSService (siderolabs/kms-client api/kms/kms.proto): a node's disk key in, and out again. */
export function createKmsService(options: KmsServiceOptions): ServiceImpl<typeof KMSService> {
  const { backend, uuidPolicy, sealSize, sealRate, callers, leadership, audit, metrics } = options;

  /** Whether this replica may answer, and the node's UUID. */
  function check(request: KmsRequest): Extract<CheckedUuid, { ok: true }> | Refusal {
    const follower = leadership.refusal();
    if (follower !== undefined) return { code: Code.Unavailable, text: follower, reason: "not-leader" };
    const uuid = uuidPolicy(request.nodeUuid);
    return uuid.ok ? uuid : { code: Code.InvalidArgument, text: uuid.message, reason: uuid.reason };
  }

  /** What is refused of a node whose UUID is good, before the backend is asked. */
  function checkCall(operation: Operation, uuid: NodeUuid, { data }: KmsRequest): Refusal | undefined {
    if (callers.refusesUuid(uuid) !== undefined) {
      return { code: Code.ResourceExhausted, text: "too many calls for this node", reason: "uuid-rate" };
    }
    if (operation === "unseal") return undefined;
    if (data.length !== sealSize) {
      const text = `Seal takes exactly ${sealSize} bytes`;
      return { code: Code.InvalidArgument, text, reason: "seal-size" };
    }
    if (sealRate.take()) return undefined;
    return { code: Code.ResourceExhausted, text: "too many Seals: try again", reason: "seal-rate" };
  }

  async function serve(
    operation: Operation,
    request: KmsRequest,
    context: HandlerContext,
    work: (uuid: Extract<CheckedUuid, { ok: true }>) => Promise<{ data: Uint8Array; keyVersion: number }>,
  ): Promise<{ data: Uint8Array }> {
    const peer = context.values.get(peerKey).address;
    const refuse = (refusal: Refusal, uuid?: NodeUuid): StatusError => {
      const { code, text, reason, detail } = refusal;
      const unsaid = uuid === undefined && reason.startsWith("uuid-");
      metrics.operation(operation, reason);
      audit.refused({
        operation,
        peer,
        code: Code[code],
        reason,
        ...(uuid !== undefined && { uuid }),
        ...(unsaid && { refusedUuid: describeRefusedUuid(request.nodeUuid) }),
        ...(detail !== undefined && { detail }),
      });
      return new StatusError(text, code);
    };

    const uuid = check(request);
    if (!("ok" in uuid)) throw refuse(uuid);
    const unfit = checkCall(operation, uuid.uuid, request);
    if (unfit !== undefined) throw refuse(unfit, uuid.uuid);

    let answer;
    try {
      answer = await work(uuid);
    } catch (error) {
      if (error instanceof SealError) {
        throw refuse({ ...REFUSALS[error.code], detail: error.message }, uuid.uuid);
      }
      // Counted and audited as every other end; the error itself goes to the server's log alone.
      refuse({ code: Code.Internal, text: "internal error", reason: "internal-error" }, uuid.uuid);
      throw error;
    }
    const { data, keyVersion } = answer;
    if (operation === "unseal" && data.length !== sealSize) {
      const text = `the unsealed key has ${data.length} bytes, KMS_SEAL_SIZE is ${sealSize}`;
      throw refuse({ code: Code.FailedPrecondition, text, reason: "unseal-size" }, uuid.uuid);
    }
    if (context.signal.aborted) {
      // The caller's deadline has passed, or it went away: it gets nothing, and the audit must not say that it did.
      throw refuse(REFUSALS.ERR_KMS_ABORTED, uuid.uuid);
    }
    const leading = (): void => {
      const lost = leadership.refusal();
      if (lost === undefined) return;
      throw refuse({ code: Code.Unavailable, text: lost, reason: "leadership-lost" }, uuid.uuid);
    };
    leading(); // before the audit says that a node was served
    audit.served({
      operation,
      peer,
      uuid: uuid.uuid,
      keyVersion,
      ...(uuid.warning !== undefined && { warning: uuid.warning }),
    });
    // Last, so that as little as can be lies between the look at the lease and the answer: writing a log can block.
    leading();
    metrics.operation(operation, "ok");
    return { data };
  }

  return {
    seal: (request, context) =>
      serve("seal", request, context, async ({ uuid }) => {
        const { signal } = context;
        const { ciphertext, keyVersion } = await backend.seal({ uuid, data: request.data, signal });
        return { data: ciphertext, keyVersion };
      }),
    unseal: (request, context) =>
      serve("unseal", request, context, ({ uuid, typed }) =>
        backend.unseal({ uuid, typed, ciphertext: request.data, signal: context.signal }),
      ),
  };
}
