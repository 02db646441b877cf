import { isIP } from "node:net";
import type { Certificate } from "@talos-bridge/pki";

/** What the host says of itself: its name and the addresses of its interfaces. */
export interface HostIdentity {
  readonly hostname: string;
  readonly addresses: readonly string[];
}

const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/** Names for a serving certificate that the signer issues itself: SERVER_IPS, the host's own, and loopback. */
export function selfIssuedNames(serverIps: readonly string[], host: HostIdentity): readonly string[] {
  const addresses = host.addresses.filter((address) => isIP(address) !== 0 && !address.includes("%"));
  const hostname = host.hostname.toLowerCase().replace(/\.$/, "");
  // A host name that no DNS SAN can hold is left out: the certificate must not fail over it.
  const names =
    /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(hostname) && hostname.length <= 253 ? [hostname] : [];
  return [...new Set([...serverIps, ...names, ...addresses, ...LOOPBACK])];
}

/** The names that no worker may ask for: those the serving certificate is valid for, and those set by hand. */
export function servedNames(leaf: Certificate | undefined, serverIps: readonly string[]): readonly string[] {
  return [...new Set([...(leaf?.dnsNames ?? []), ...(leaf?.ipAddresses ?? []), ...serverIps])];
}
