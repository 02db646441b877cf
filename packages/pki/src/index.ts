export { acceptedCas, mergeAcceptedCas, readAcceptedCas, removeAcceptedCa } from "./accepted-cas.ts";
export { authorityFaults, authorityUsableAt, loadCertificateAuthority } from "./authority.ts";
export type { AuthorityFault, CertificateAuthority, LoadedAuthority } from "./authority.ts";
export { AUTHORITY_PROFILES } from "./authority-profile.ts";
export type { AuthorityProfile } from "./authority-profile.ts";
export { encodeCertificates, readCertificate, readCertificates } from "./certificate.ts";
export type { Certificate } from "./certificate.ts";
export { MAX_REQUEST_BYTES, readCertificateRequest } from "./certificate-request.ts";
export type { CertificateRequest, DroppedPart } from "./certificate-request.ts";
export { verifyChain } from "./chain.ts";
export type { ChainFault, ChainQuestion, ChainVerdict } from "./chain.ts";
export { verifyPemChain } from "./chain-pem.ts";
export type { PemChainQuestion } from "./chain-pem.ts";
export { createCertificateAuthority } from "./create-authority.ts";
export type { CreateAuthorityInput, CreatedAuthority } from "./create-authority.ts";
export { createCertificateRequest } from "./create-request.ts";
export type { CreateRequestInput } from "./create-request.ts";
export { scanDer, SCAN_LIMITS } from "./der-scan.ts";
export type { ScanLimits } from "./der-scan.ts";
export { PkiError } from "./errors.ts";
export type { PkiErrorCode } from "./errors.ts";
export { generateKey } from "./generate-key.ts";
export type { GeneratedKeyType } from "./generate-key.ts";
export { inspect } from "./inspect.ts";
export type { InspectOptions } from "./inspect.ts";
export { inspectCertificate } from "./inspect-certificate.ts";
export { inspectRequest } from "./inspect-request.ts";
export type {
  CertificateInspection,
  ExtensionInspection,
  Inspection,
  InspectionWarning,
  InspectionWarningCode,
  KeyInspection,
  NamesInspection,
  PrivateKeyInspection,
  PublicKeyInspection,
  RequestInspection,
} from "./inspection.ts";
export { canonicalIp, isUnusable } from "./ip-address.ts";
export { issueCertificate } from "./issue.ts";
export type { Issued, IssueInput, Names } from "./issue.ts";
export { convertPrivateKey, encodePrivateKey } from "./key-format.ts";
export type { KeyFormat } from "./key-format.ts";
export type { KeyUsage } from "./known-extensions.ts";
export { applyNamePolicy, compileNamePolicy } from "./name-policy.ts";
export { canonicalName, isDomain } from "./name-set.ts";
export type { CompiledNamePolicy, LeftOut, NameDecision, NamePolicy } from "./name-policy.ts";
export { createNodeRequest, nodeKeyType } from "./node-request.ts";
export type { NodeRequest } from "./node-request.ts";
export { readPrivateKey } from "./private-key.ts";
export type { PrivateKey } from "./private-key.ts";
export { PROFILES } from "./profile.ts";
export type { LeafProfile } from "./profile.ts";
export type { KeyType, PublicKey } from "./public-key.ts";
export { renewalOf } from "./renewal.ts";
export type { Renewal, RenewalRule } from "./renewal.ts";
export { createServiceAccountKey } from "./service-account-key.ts";
export type { ServiceAccountKeyType } from "./service-account-key.ts";
export { TALOS_ROLES, talosClientProfile } from "./talos-roles.ts";
export type { TalosClientProfile } from "./talos-roles.ts";
