export type { JsonObject, VaultAnswer } from "./answer.ts";
export { appRoleAuth, type AppRoleOptions } from "./auth/approle.ts";
export { certAuth } from "./auth/cert.ts";
export type { Credential } from "./auth/credential.ts";
export { jwtAuth, kubernetesAuth, SERVICE_ACCOUNT_TOKEN_FILE } from "./auth/jwt.ts";
export type { AuthMethod, AuthMethodName, ReadTextFile, VaultLogin } from "./auth/method.ts";
export { agentAuth, tokenAuth, tokenFileAuth } from "./auth/token.ts";
export {
  createVaultCall,
  type BareVaultCall,
  type VaultCall,
  type VaultCallOptions,
  type VaultOperation,
} from "./call.ts";
export type { CredentialSetting, VaultAuthSettings } from "./environment-auth.ts";
export { VAULT_ENVIRONMENT, type VaultEnvironmentName } from "./environment-names.ts";
export { readVaultEnvironment, type VaultEnvironment, type VaultSettings } from "./environment.ts";
export type { VaultFault } from "./environment-reader.ts";
export { isVaultError, VaultError, type VaultErrorCode, type VaultErrorOptions } from "./errors.ts";
export type { VaultEvents } from "./events.ts";
export { readVaultHealth, type VaultHealth } from "./health.ts";
export {
  createHttpRequest,
  type HttpRequester,
  type HttpRequestOptions,
  type VaultTls,
} from "./http-request.ts";
export { checkKeyName, checkPath } from "./paths.ts";
export { createRateLimiter, type RateLimit, type RateLimiter } from "./rate-limit.ts";
export type { VaultHttpRequest, VaultHttpResponse, VaultRequest } from "./request.ts";
export { createVaultSession, type VaultSession, type VaultSessionOptions } from "./session.ts";
export type { VaultSessionState } from "./token-life.ts";
export { systemTimers, type VaultTimers } from "./timers.ts";
export {
  createTransit,
  transitKeyVersion,
  type DecryptRequest,
  type Encrypted,
  type EncryptRequest,
  type Transit,
} from "./transit.ts";
export { readVaultTls, type VaultFiles, type VaultTlsSettings } from "./tls-files.ts";
export { createVault, type Vault, type VaultPorts } from "./vault.ts";
