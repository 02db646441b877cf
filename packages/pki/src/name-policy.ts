import { BlockList, isIP } from "node:net";
import { PkiError } from "./errors.ts";
import { canonicalIp, ipFamilyOf, isLoopback } from "./ip-address.ts";
import type { Names } from "./issue.ts";

/** Which of the requested names a certificate may carry. */
export interface NamePolicy {
  /** Names and addresses of the signer itself. Loopback and `localhost` among them don't count. */
  readonly ownNames: readonly string[];
  /** Names, `.suffixes` (also as `*.suffix`), addresses and CIDRs: one match refuses the request. */
  readonly deniedSans: readonly string[];
  /** CIDRs and addresses that requested addresses must lie in; empty = all. */
  readonly allowedCidrs: readonly string[];
  /** Domains, with or without a leading dot, that requested names must be or lie in; empty = all. */
  readonly allowedSuffixes: readonly string[];
  readonly allowWildcards: boolean;
  readonly allowOwn: boolean;
  /** The address that a request comes from must be among the names it asks for. */
  readonly requirePeerAddress: boolean;
}

export interface CompiledNamePolicy {
  readonly own: NameSet;
  readonly denied: NameSet;
  readonly allowedAddresses: BlockList | undefined;
  readonly allowedSuffixes: readonly string[];
  readonly allowWildcards: boolean;
  readonly requirePeerAddress: boolean;
}

interface NameSet {
  readonly exact: ReadonlySet<string>;
  /** Each with its leading dot. */
  readonly suffixes: readonly string[];
  readonly addresses: BlockList;
}

export type NameDecision =
  | { readonly ok: true; readonly names: Names; readonly leftOut: readonly LeftOut[] }
  | { readonly ok: false; readonly reason: "name-denied" | "name-not-allowed" | "peer-address-missing" };

export interface LeftOut {
  readonly name: string;
  readonly reason: "own-name" | "wildcard";
}

/** Checks and prepares a policy once. Throws {@link PkiError} ERR_PKI_NAME_POLICY naming the entry that is no name. */
export function compileNamePolicy(policy: NamePolicy): CompiledNamePolicy {
  const allowed = new BlockList();
  for (const entry of policy.allowedCidrs) {
    if (!addNetwork(allowed, entry)) throw badEntry(entry, "an address or CIDR");
  }
  const own = policy.allowOwn ? [] : policy.ownNames.filter((name) => !isSelf(canonicalName(name)));
  return {
    own: nameSet(own),
    // Who denies `*.example.org` means every name below it, not just the wildcard itself.
    denied: nameSet(policy.deniedSans.map((entry) => entry.trim().replace(/^\*\./, "."))),
    allowedAddresses: policy.allowedCidrs.length === 0 ? undefined : allowed,
    allowedSuffixes: policy.allowedSuffixes.map((entry) => {
      const name = canonicalName(entry.replace(/^\.|^\*\./, ""));
      if (!isDomain(name)) throw badEntry(entry, "a domain");
      return `.${name}`;
    }),
    allowWildcards: policy.allowWildcards,
    requirePeerAddress: policy.requirePeerAddress,
  };
}

/**
 * Decides on requested names; CN counts as one of them. A denied or not allowed name refuses all; the signer's own names and
 * wildcards are left out, since ordinary clusters put the control plane's address into every worker's names. Loopback,
 * `localhost`, single-label names and an empty CN pass the allow-lists.
 */
export function applyNamePolicy(
  requested: Names,
  policy: CompiledNamePolicy,
  peerAddress: string,
): NameDecision {
  const all = [requested.commonName, ...requested.dnsNames, ...requested.ipAddresses].filter(
    (name) => name !== "",
  );
  const canonical = all.map(canonicalName);
  if (canonical.some((name) => matches(policy.denied, name))) return { ok: false, reason: "name-denied" };
  if (!canonical.every((name) => isAllowed(policy, name))) return { ok: false, reason: "name-not-allowed" };
  if (policy.requirePeerAddress && !requested.ipAddresses.includes(canonicalIp(peerAddress) ?? "")) {
    return { ok: false, reason: "peer-address-missing" };
  }
  const leftOut: LeftOut[] = [];
  const keep = (name: string): boolean => {
    const reason = reasonToLeaveOut(policy, canonicalName(name));
    if (reason !== undefined) leftOut.push({ name, reason });
    return reason === undefined;
  };
  const names: Names = {
    commonName: requested.commonName !== "" && keep(requested.commonName) ? requested.commonName : "",
    dnsNames: requested.dnsNames.filter(keep),
    ipAddresses: requested.ipAddresses.filter(keep),
  };
  return { ok: true, names, leftOut };
}

function reasonToLeaveOut(policy: CompiledNamePolicy, name: string): LeftOut["reason"] | undefined {
  if (matches(policy.own, name)) return "own-name";
  return name.includes("*") && !policy.allowWildcards ? "wildcard" : undefined;
}

/** One spelling of a name: lower case, no surrounding white space or trailing dot, addresses as canonical text. */
function canonicalName(name: string): string {
  const plain = name.trim().toLowerCase().replace(/\.+$/, "");
  return canonicalIp(plain.replace(/^\[(.*)\]$/, "$1")) ?? plain;
}

function isSelf(canonical: string): boolean {
  return canonical === "localhost" || (isAddress(canonical) && isLoopback(canonical));
}

function nameSet(entries: readonly string[]): NameSet {
  const exact = new Set<string>();
  const suffixes: string[] = [];
  const addresses = new BlockList();
  for (const entry of entries) {
    const name = canonicalName(entry);
    if (addNetwork(addresses, name)) continue;
    if (name.startsWith(".") && isDomain(name.slice(1))) suffixes.push(name);
    else if (isDomain(name.replace(/^\*\./, ""))) exact.add(name);
    else throw badEntry(entry, "a name, .suffix, address or CIDR");
  }
  return { exact, suffixes, addresses };
}

function addNetwork(list: BlockList, entry: string): boolean {
  const [address = "", prefix, ...rest] = entry.trim().split("/");
  const canonical = canonicalIp(address);
  if (canonical === undefined || rest.length > 0) return false;
  const family = ipFamilyOf(canonical);
  const bits = family === "ipv4" ? 32 : 128;
  // A network of IPv4-mapped addresses counts its bits from the IPv6 end: its plain IPv4 form is asked for.
  if (prefix !== undefined && family === "ipv4" && address.includes(":")) return false;
  if (prefix === undefined) {
    list.addAddress(canonical, family);
    return true;
  }
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) return false;
  list.addSubnet(canonical, Number(prefix), family);
  return true;
}

function matches({ exact, suffixes, addresses }: NameSet, name: string): boolean {
  if (isAddress(name)) return addresses.check(name, ipFamilyOf(name));
  if (exact.has(name) || suffixes.some((suffix) => name.endsWith(suffix))) return true;
  // A wildcard is valid for every name one label longer than its rest.
  return name.startsWith("*.") && [...exact].some((each) => each.slice(each.indexOf(".")) === name.slice(1));
}

function isAllowed({ allowedAddresses, allowedSuffixes }: CompiledNamePolicy, name: string): boolean {
  if (isSelf(name)) return true;
  if (isAddress(name)) return allowedAddresses?.check(name, ipFamilyOf(name)) ?? true;
  if (allowedSuffixes.length === 0 || !name.includes(".")) return true;
  return allowedSuffixes.some((suffix) => name.endsWith(suffix) || name === suffix.slice(1));
}

/** Takes a canonical name, for which Node's own test is enough, and a tenth of the cost of reading it again. */
function isAddress(canonical: string): boolean {
  return isIP(canonical) !== 0 && !canonical.includes("%");
}

function isDomain(name: string): boolean {
  return /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name) && name.length <= 253;
}

function badEntry(entry: string, wanted: string): PkiError {
  return new PkiError("ERR_PKI_NAME_POLICY", `${JSON.stringify(entry)} is not ${wanted}`);
}
