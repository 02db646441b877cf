import { isIP } from "node:net";
import { canonicalIp, canonicalName, isDomain, isUnusable, type Certificate } from "@talos-bridge/pki";

/** What the host says of itself: its name and the addresses of its interfaces. */
export interface HostIdentity {
  readonly hostname: string;
  readonly addresses: readonly string[];
}

/** A name or address that a serving certificate can carry, in its one spelling; undefined for anything else. */
export function serverName(text: string): string | undefined {
  const name = canonicalName(text);
  if (canonicalIp(name) !== undefined) return isUnusable(name) ? undefined : name;
  // All digits and dots is an address mistyped, such as 10.0.0 or 010.0.0.1.
  return isDomain(name.replace(/^\*\./, "")) && !/^[\d.]+$/.test(name) ? name : undefined;
}

/** SERVER_IPS, each in its one spelling. Those that are none were refused at start. */
export function serverNames(entries: readonly string[]): readonly string[] {
  return entries.map(serverName).filter((name) => name !== undefined);
}

const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/** Names for a serving certificate that the signer issues itself: SERVER_IPS, the host's own, and loopback. */
export function selfIssuedNames(serverIps: readonly string[], host: HostIdentity): readonly string[] {
  const addresses = host.addresses.filter((address) => isIP(address) !== 0 && !address.includes("%"));
  // A host name that no DNS SAN can hold is left out: the certificate must not fail over it.
  const hostname = serverName(host.hostname);
  const names = hostname === undefined ? [] : [hostname];
  return [...new Set([...serverIps, ...names, ...addresses, ...LOOPBACK])];
}

/** The names that no worker may ask for: those the serving certificate is valid for, and those set by hand. */
export function servedNames(leaf: Certificate | undefined, serverIps: readonly string[]): readonly string[] {
  return [...new Set([...(leaf?.dnsNames ?? []), ...(leaf?.ipAddresses ?? []), ...serverIps])];
}
