import type { Certificate } from "./certificate.ts";
import { canonicalName, isAddress } from "./name-set.ts";

/**
 * Whether a certificate is valid for a host, by its alternative names alone: the CN is no name of a host (RFC 9525 §2). A
 * wildcard stands for one label, the leftmost.
 */
export function hasName({ dnsNames, ipAddresses }: Certificate, host: string): boolean {
  const wanted = canonicalName(host);
  if (wanted === "") return false;
  if (isAddress(wanted)) return ipAddresses.includes(wanted);
  const dot = wanted.indexOf(".");
  const wildcard = dot > 0 ? `*${wanted.slice(dot)}` : undefined;
  return dnsNames.map(canonicalName).some((name) => name === wanted || name === wildcard);
}

const SHOWN = 8;

/** The names a certificate is valid for, as one text for people. */
export function namesOf({ dnsNames, ipAddresses }: Certificate): string {
  const names = [...dnsNames, ...ipAddresses].map(plain);
  if (names.length === 0) return "no name";
  const more = names.length - SHOWN;
  return [...names.slice(0, SHOWN), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}

/** A name of a foreign certificate may hold anything in ASCII. */
function plain(name: string): string {
  return /^[\w.:*-]+$/.test(name) ? name : JSON.stringify(name);
}
