export {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from "./gen/grpc/health/v1/health_pb.ts";
export type { HealthCheckRequest, HealthCheckResponse } from "./gen/grpc/health/v1/health_pb.ts";
export {
  CertificateRequestSchema,
  CertificateResponseSchema,
  SecurityService,
} from "./gen/securityapi/security_pb.ts";
export type { CertificateRequest, CertificateResponse } from "./gen/securityapi/security_pb.ts";
export {
  KMSService,
  RequestSchema as KmsRequestSchema,
  ResponseSchema as KmsResponseSchema,
} from "./gen/sidero/kms/kms_pb.ts";
export type { Request as KmsRequest, Response as KmsResponse } from "./gen/sidero/kms/kms_pb.ts";
