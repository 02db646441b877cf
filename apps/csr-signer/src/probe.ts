import {
  createCertificateRequest,
  generateKey,
  issueCertificate,
  PROFILES,
  readCertificateRequest,
  readCertificates,
  verifyChain,
} from "@talos-bridge/pki";
import type { Trust } from "./trust.ts";

const PROBE_LIFETIME_MS = 3_600_000;

/**
 * Signs a certificate the way a worker would have it and verifies it against the accepted CAs, so that a CA that can't serve
 * is known before the first worker asks. Returns what went wrong, `undefined` where all is well.
 */
export async function probe(trust: Trust, now: Date): Promise<string | undefined> {
  const privateKey = await generateKey("ed25519");
  const names = { commonName: "probe", dnsNames: ["probe"], ipAddresses: ["127.0.0.1"] };
  const request = readCertificateRequest(await createCertificateRequest({ names, privateKey }));
  const issued = await issueCertificate(trust.issuing, {
    profile: PROFILES.talosNode,
    names,
    spki: request.publicKey.spki,
    now,
    lifetimeMs: PROBE_LIFETIME_MS,
  });
  const [leaf] = readCertificates(issued.pem);
  if (leaf === undefined) return "a probe certificate could not be read back";
  const verdict = verifyChain({ leaf, roots: trust.accepted, now, usage: "serverAuth" });
  return verdict.ok
    ? undefined
    : `a probe certificate does not verify: ${verdict.reason}: ${verdict.message}`;
}
