import { FIELDS, type FieldPath } from "./fields.ts";
import { errorAt, warningAt, type Finding } from "./finding.ts";
import type { FieldValues } from "./read-fields.ts";

const TOKEN = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;
// What a gRPC header can carry (the signer's own rule for tokens).
const SENDABLE = /^[!-~]+$/;

/** Tokens, ids and secrets that do not look like those that Talos makes. */
export function shapeFindings(values: FieldValues, shownAs: (path: FieldPath) => string): readonly Finding[] {
  return FIELDS.flatMap(({ path, kind }) => {
    const value = values.get(path);
    if (value === undefined) return [];
    const shown = shownAs(path);
    if (kind === "token") return tokenFindings(value, path, shown);
    if (kind === "id" && !isBase64Of(value.replaceAll("-", "+").replaceAll("_", "/"), [32]))
      return [warningAt(shown, "secret-shape", "is not base64 (with - and _) of 32 bytes")];
    // AES takes three lengths, secretbox one.
    const lengths = path === "secrets.secretboxencryptionsecret" ? [32] : [16, 24, 32];
    if (kind === "secret" && !isBase64Of(value, lengths))
      return [errorAt(shown, "secret-shape", `is not base64 of ${lengths.join(", ")} bytes`)];
    return [];
  });
}

function tokenFindings(value: string, path: FieldPath, shown: string): readonly Finding[] {
  if (TOKEN.test(value)) return [];
  const shape = "6 and 16 of a-z and 0-9 with a dot between";
  if (path !== "trustdinfo.token")
    return [errorAt(shown, "token-shape", `is not ${shape}: Kubernetes takes no other`)];
  if (!SENDABLE.test(value))
    return [errorAt(shown, "token-shape", "has white space or characters that a gRPC header can't carry")];
  return [warningAt(shown, "token-shape", `is not ${shape}, as Talos makes tokens`)];
}

function isBase64Of(value: string, lengths: readonly number[]): boolean {
  const bytes = Buffer.from(value, "base64");
  return bytes.toString("base64") === value && lengths.includes(bytes.length);
}
