import { Code, type ServiceImpl } from "@connectrpc/connect";
import type { SecurityService } from "@talos-bridge/api";
import { peerKey, principalKey, StatusError } from "@talos-bridge/grpc-server";
import {
  applyNamePolicy,
  authorityUsableAt,
  issueCertificate,
  PkiError,
  PROFILES,
  readCertificateRequest,
  type CertificateRequest,
  type CompiledNamePolicy,
} from "@talos-bridge/pki";
import type { Audit } from "./audit.ts";
import type { SignerMetrics } from "./signer-metrics.ts";
import type { Trust } from "./trust.ts";

export interface CertificateOptions {
  /** The CAs in force now. */
  readonly trust: () => Trust;
  /** The name policy in force now: the signer's own names follow its serving certificate. */
  readonly namePolicy: () => CompiledNamePolicy;
  readonly lifetimeMs: number;
  readonly now: () => Date;
  readonly audit: Audit;
  readonly metrics: SignerMetrics;
}

const METHOD = "Certificate";

/** Answers a worker's CSR as trustd does (siderolabs/talos internal/app/trustd/internal/reg/reg.go), or refuses it. */
export function createCertificateHandler(
  options: CertificateOptions,
): ServiceImpl<typeof SecurityService>["certificate"] {
  const { audit, metrics, lifetimeMs } = options;
  return async ({ csr }, context) => {
    const caller = { peer: context.values.get(peerKey).address, tokenId: context.values.get(principalKey) };
    const refuse = (code: Code, text: string, reason: string, request?: CertificateRequest): StatusError => {
      metrics.rejected(reason);
      audit.refused({
        ...caller,
        method: METHOD,
        code: Code[code],
        reason,
        ...(request && describe(request)),
      });
      return new StatusError(text, code);
    };

    const trust = options.trust();
    const now = options.now();
    const usable = authorityUsableAt(trust.issuing, now);
    if (usable !== "ok")
      throw refuse(Code.FailedPrecondition, `the CA is ${usable}`, `ca-${usable.replaceAll(" ", "-")}`);

    const request = readOrRefuse(csr, refuse);
    const decision = applyNamePolicy(request, options.namePolicy(), caller.peer);
    if (!decision.ok) {
      throw refuse(Code.PermissionDenied, "a requested name is not allowed", decision.reason, request);
    }

    const issued = await issueCertificate(trust.issuing, {
      profile: PROFILES.talosNode,
      names: decision.names,
      spki: request.publicKey.spki,
      now,
      lifetimeMs,
    });
    metrics.signed(request.publicKey.type, request.dropped, decision.leftOut);
    audit.signed({
      ...caller,
      commonName: decision.names.commonName,
      sans: [...decision.names.dnsNames, ...decision.names.ipAddresses],
      keyType: request.publicKey.type,
      serial: issued.serialNumber,
      notAfter: issued.notAfter.toISOString(),
      dropped: request.dropped,
      leftOut: decision.leftOut,
    });
    return { ca: trust.acceptedPem, crt: Buffer.from(issued.pem) };
  };
}

function readOrRefuse(
  csr: Uint8Array,
  refuse: (code: Code, text: string, reason: string) => StatusError,
): CertificateRequest {
  try {
    return readCertificateRequest(csr);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    throw refuse(Code.InvalidArgument, `certificate request refused: ${error.code}`, error.code);
  }
}

function describe(request: CertificateRequest): {
  commonName: string;
  sans: readonly string[];
  keyType: string;
} {
  return {
    commonName: request.commonName,
    sans: [...request.dnsNames, ...request.ipAddresses],
    keyType: request.publicKey.type,
  };
}
