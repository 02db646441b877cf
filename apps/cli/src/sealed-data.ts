import { CliError } from "./cli-error.ts";

const CIPHERTEXT = /^(?:vault:v[0-9]+:|tbk:v1:)[A-Za-z0-9+/=:]+$/;

/**
 * The ciphertext in what an operator has: itself; its base64, as `kms seal` prints it; or the LUKS token that
 * `cryptsetup token export` gives, whose `sealedData` it is (siderolabs/talos internal/pkg/encryption/keys/kms.go).
 * Throws TB1007.
 */
export function readSealedData(text: string, name: string): string {
  const trimmed = text.trim();
  const candidate = trimmed.startsWith("{") ? sealedDataOf(trimmed, name) : trimmed;
  if (CIPHERTEXT.test(candidate)) return candidate;
  const decoded = Buffer.from(candidate, "base64").toString("latin1");
  if (CIPHERTEXT.test(decoded)) return decoded;
  throw new CliError(
    "TB1007",
    `${name}: the sealed key is neither vault:v…, tbk:v1:…, the base64 of one, nor a LUKS token`,
  );
}

function sealedDataOf(json: string, name: string): string {
  const found = find(parse(json, name), 0);
  if (found === undefined)
    throw new CliError("TB1007", `${name}: the LUKS token has no sealedData: it is not a KMS slot's`);
  return found;
}

function parse(json: string, name: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new CliError("TB1007", `${name}: the LUKS token is no JSON`);
  }
}

function find(value: unknown, depth: number): string | undefined {
  if (typeof value !== "object" || value === null || depth > 4) return undefined;
  for (const [key, each] of Object.entries(value)) {
    if (key === "sealedData" && typeof each === "string") return each;
    const inside = find(each, depth + 1);
    if (inside !== undefined) return inside;
  }
  return undefined;
}
