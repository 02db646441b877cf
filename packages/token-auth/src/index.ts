export { TokenAuthError, type TokenAuthErrorCode } from "./errors.ts";
export {
  createFailureLimiter,
  MAX_LIMITED_ADDRESSES,
  type FailureLimiter,
  type FailureLimiterOptions,
} from "./failure-limiter.ts";
export { MAX_TOKEN_LENGTH, MAX_TOKENS, type JoinToken } from "./join-token.ts";
export { MAX_TOKEN_FILE_LENGTH, readTokenFile } from "./token-file.ts";
export { readTokenHeader, type TokenHeader } from "./token-header.ts";
export { createTokenVerifier, type TokenVerifier } from "./token-verifier.ts";
