import {
  createTokenVerifier,
  readTokenFile,
  TokenAuthError,
  type JoinToken,
  type TokenVerifier,
} from "@talos-bridge/token-auth";
import { checked, faulty, type Checked, type Fault } from "@talos-bridge/settings";
import type { MaterialPaths } from "./material-paths.ts";
import type { Contents } from "./trust.ts";

/**
 * The tokens valid at start: the given one (TALOS_TOKEN or its flag) and the file's. In the guides' manifests both come from
 * one Secret.
 */
export function tokensAtStart(
  given: string | undefined,
  file: MaterialPaths["tokenFile"],
  contents: Contents,
): Checked<TokenVerifier> {
  // Metadata values cannot carry surrounding white space, so a Secret that ends in a newline means the token before it.
  const secret = given?.trim();
  if (secret === "") return faulty({ setting: "TALOS_TOKEN", fault: "is blank" });
  const bytes = file && contents.get(file.path);
  if (file?.required && bytes === undefined) return faulty({ ...placeOf(file.path), fault: "can't be read" });
  const fromFile = file === undefined || bytes === undefined ? checked([]) : tokensOfFile(file.path, bytes);
  if (!fromFile.ok) return fromFile;
  // A default file without a token, beside a given one, is a Secret's key that nobody has filled in yet.
  if (
    file !== undefined &&
    bytes !== undefined &&
    fromFile.value.length === 0 &&
    (file.required || secret === undefined)
  ) {
    return faulty({ ...placeOf(file.path), fault: NO_TOKEN });
  }
  const tokens = [...(secret === undefined ? [] : [{ id: "env", secret }]), ...fromFile.value];
  if (tokens.length === 0) return faulty({ setting: "TALOS_TOKEN", fault: "is required" });
  return verifierOf(tokens, { setting: "TALOS_TOKEN" });
}

const NO_TOKEN = "holds no token";

/** The tokens after the file has changed: from then on it alone decides. */
export function tokensAfterChange(path: string, file: Uint8Array | undefined): Checked<TokenVerifier> {
  if (file === undefined) return faulty({ ...placeOf(path), fault: "can't be read" });
  const tokens = tokensOfFile(path, file);
  if (!tokens.ok) return tokens;
  return tokens.value.length === 0
    ? faulty({ ...placeOf(path), fault: NO_TOKEN })
    : verifierOf(tokens.value, placeOf(path));
}

function placeOf(path: string): { setting: string; file: string } {
  return { setting: "TALOS_TOKEN_FILE", file: path };
}

function tokensOfFile(path: string, bytes: Uint8Array): Checked<readonly JoinToken[]> {
  return orFault(placeOf(path), () => readTokenFile(new TextDecoder().decode(bytes)));
}

function verifierOf(tokens: readonly JoinToken[], place: Omit<Fault, "fault">): Checked<TokenVerifier> {
  return orFault(place, () => createTokenVerifier(tokens));
}

function orFault<T>(place: Omit<Fault, "fault">, read: () => T): Checked<T> {
  try {
    return checked(read());
  } catch (error) {
    if (!(error instanceof TokenAuthError)) throw error;
    return faulty({ ...place, fault: error.message });
  }
}
