import { BlockList, isIPv4, isIPv6 } from "node:net";
import { canonicalIp, ipFamilyOf } from "./ip-address.ts";

/** Names, suffixes and networks that requested names are held against. */
export interface NameSet {
  /** Canonical names and addresses. */
  readonly exact: ReadonlySet<string>;
  /** Each with its leading dot. */
  readonly suffixes: readonly string[];
  readonly networks: NetworkSet;
}

/**
 * Networks, a list a family: in one list Node takes IPv4 addresses for parts of wide IPv6 networks. A family that has none has
 * no list: a look into an empty one costs as much as into a full one.
 */
export interface NetworkSet {
  ipv4: BlockList | undefined;
  ipv6: BlockList | undefined;
}

export function createNetworkSet(): NetworkSet {
  return { ipv4: undefined, ipv6: undefined };
}

/** Adds an address or CIDR; false where the text is neither. */
export function addNetwork(networks: NetworkSet, entry: string): boolean {
  const [address = "", prefix, ...rest] = entry.trim().split("/");
  const canonical = canonicalIp(address);
  if (canonical === undefined || rest.length > 0) return false;
  const family = ipFamilyOf(canonical);
  if (prefix === undefined) {
    listOf(networks, family).addAddress(canonical, family);
    return true;
  }
  // A network of IPv4-mapped addresses counts its bits from the IPv6 end: its plain IPv4 form is asked for.
  if (family === "ipv4" && address.includes(":")) return false;
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === "ipv4" ? 32 : 128)) return false;
  listOf(networks, family).addSubnet(canonical, Number(prefix), family);
  return true;
}

function listOf(networks: NetworkSet, family: "ipv4" | "ipv6"): BlockList {
  return (networks[family] ??= new BlockList());
}

export function hasAddress(networks: NetworkSet, canonical: string): boolean {
  const family = ipFamilyOf(canonical);
  return networks[family]?.check(canonical, family) ?? false;
}

/** Whether a canonical name is one of the set, lies under a suffix, or is valid for the same host as one of them. */
export function matches({ exact, suffixes, networks }: NameSet, name: string): boolean {
  if (exact.has(name)) return true;
  if (isAddress(name)) return hasAddress(networks, name);
  if (suffixes.some((suffix) => name.endsWith(suffix))) return true;
  // A wildcard is valid for every name one label longer than its rest (RFC 6125 §6.4.3): held against both ways.
  const dot = name.indexOf(".");
  if (dot > 0 && exact.has(`*${name.slice(dot)}`)) return true;
  return name.startsWith("*.") && [...exact].some((each) => each.slice(each.indexOf(".")) === name.slice(1));
}

/** One spelling of a name: lower case, no surrounding white space or trailing dots, addresses as canonical text. */
export function canonicalName(name: string): string {
  // Most addresses, and nothing in them to change.
  if (isIPv4(name)) return name;
  const plain = name
    .trimStart()
    .toLowerCase()
    .replace(/[\s.]+$/, "");
  return canonicalIp(plain.replace(/^\[(.*)\]$/, "$1")) ?? plain;
}

/** Takes a canonical name, for which Node's own test is enough, and a tenth of the cost of reading it again. */
export function isAddress(canonical: string): boolean {
  if (isIPv4(canonical)) return true;
  return canonical.includes(":") && isIPv6(canonical) && !canonical.includes("%");
}

/** Whether the text is a DNS name of one or more labels, in lower case, without wildcard or trailing dot. */
export function isDomain(name: string): boolean {
  return /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name) && name.length <= 253;
}
