import { readCertificates } from "@talos-bridge/pki";
import { createHash } from "node:crypto";
import type { Pair } from "./state.ts";

/** SHA-256 of a CA's certificate, hexadecimal. */
export function fingerprintOf({ certificate }: Pick<Pair, "certificate">): string {
  const [read] = readCertificates(certificate);
  return createHash("sha256")
    .update(read?.der ?? "")
    .digest("hex");
}
