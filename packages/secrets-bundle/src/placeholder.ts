import { isMap, isScalar, visit } from "yaml";
import { errorAt, type Finding } from "./finding.ts";
import { pairOf, type YamlDocument } from "./yaml-text.ts";

/** What stands in a value's place: SOPS's ciphertext, or the mark of whoever took the value out. */
export type Placeholder = "encrypted" | "redacted";

// SOPS: ENC[AES256_GCM,data:…]. siderolabs/crypto x509.Redacted is ******; other tools write the word.
const ENCRYPTED = /^\s*ENC\[/;
const REDACTED = /^\s*(?:\*{3,}|[<[(]?REDACTED[>\])]?)\s*$/i;

export function placeholderIn(value: string): Placeholder | undefined {
  if (ENCRYPTED.test(value)) return "encrypted";
  if (REDACTED.test(value)) return "redacted";
  // Some tools redact the PEM and encode what is left.
  return REDACTED.test(Buffer.from(value.slice(0, 64), "base64").toString("latin1")) ? "redacted" : undefined;
}

export function placeholderFinding(path: string, placeholder: Placeholder): Finding {
  return placeholder === "encrypted"
    ? errorAt(path, "encrypted", "is encrypted with SOPS: decrypt the file first")
    : errorAt(path, "redacted", "is redacted: the value itself is not there");
}

/** Whether SOPS has its hand in this document: by its own block, or by any value. */
export function isSopsDocument(document: YamlDocument): boolean {
  const { contents } = document;
  if (isMap(contents)) {
    const sops = pairOf(contents, "sops")?.value;
    if (isMap(sops) && pairOf(sops, "mac") !== undefined) return true;
  }
  let found = false;
  visit(document, {
    Scalar: (_, { value }) => {
      if (typeof value !== "string" || !/^ENC\[[A-Z0-9_]+,data:/.test(value)) return undefined;
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

export const isText = (node: unknown): node is { value: string } =>
  isScalar(node) && typeof node.value === "string";
