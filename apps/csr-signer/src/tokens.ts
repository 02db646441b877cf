import {
  createTokenVerifier,
  readTokenFile,
  TokenAuthError,
  type JoinToken,
  type TokenVerifier,
} from "@talos-bridge/token-auth";
import { checked, faulty, type Checked } from "./fault.ts";

export interface TokenSources {
  /** TALOS_TOKEN or its flag. */
  readonly given: string | undefined;
  readonly file: string;
  readonly fileRequired: boolean;
}

/** The tokens valid at start: the given one and the file's. In the guides' manifests both come from one Secret. */
export function tokensAtStart(sources: TokenSources, file: Uint8Array | undefined): Checked<TokenVerifier> {
  // Metadata values cannot carry surrounding white space, so a Secret that ends in a newline means the token before it.
  const given = sources.given?.trim();
  if (given === "") return faulty({ setting: "TALOS_TOKEN", fault: "is blank" });
  if (file === undefined && sources.fileRequired) {
    return faulty({ setting: "TALOS_TOKEN_FILE", file: sources.file, fault: "can't be read" });
  }
  const fromFile = file === undefined ? checked<readonly JoinToken[]>([]) : tokensOfFile(sources.file, file);
  // An empty default file beside a given token is a Secret key that nobody filled in yet.
  const fileTokens = fromFile.ok ? fromFile.value : [];
  if (!fromFile.ok && (given === undefined || sources.fileRequired)) return fromFile;
  const tokens = [...(given === undefined ? [] : [{ id: "env", secret: given }]), ...fileTokens];
  if (tokens.length === 0) return faulty({ setting: "TALOS_TOKEN", fault: "is required" });
  return verifierOf(tokens, "TALOS_TOKEN");
}

/** The tokens after the file has changed: from then on it alone decides. */
export function tokensAfterChange(path: string, file: Uint8Array | undefined): Checked<TokenVerifier> {
  if (file === undefined) return faulty({ setting: "TALOS_TOKEN_FILE", file: path, fault: "can't be read" });
  const tokens = tokensOfFile(path, file);
  return tokens.ok ? verifierOf(tokens.value, "TALOS_TOKEN_FILE") : tokens;
}

function tokensOfFile(path: string, bytes: Uint8Array): Checked<readonly JoinToken[]> {
  const where = { setting: "TALOS_TOKEN_FILE", file: path };
  try {
    const tokens = readTokenFile(new TextDecoder().decode(bytes));
    return tokens.length === 0 ? faulty({ ...where, fault: "holds no token" }) : checked(tokens);
  } catch (error) {
    if (!(error instanceof TokenAuthError)) throw error;
    return faulty({ ...where, fault: error.message });
  }
}

function verifierOf(tokens: readonly JoinToken[], setting: string): Checked<TokenVerifier> {
  try {
    return checked(createTokenVerifier(tokens));
  } catch (error) {
    if (!(error instanceof TokenAuthError)) throw error;
    return faulty({ setting, fault: error.message });
  }
}
