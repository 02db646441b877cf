import { PkiError } from "./errors.ts";
import { canonicalIp, isLoopback } from "./ip-address.ts";
import type { Names } from "./issue.ts";
import {
  addNetwork,
  canonicalName,
  createNetworkSet,
  hasAddress,
  isAddress,
  isDomain,
  matches,
  type NameSet,
  type NetworkSet,
} from "./name-set.ts";

/** Which of the requested names a certificate may carry. */
export interface NamePolicy {
  /** Names and addresses of the signer itself, wildcards among them. Loopback and `localhost` don't count. */
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
  readonly allowedNetworks: NetworkSet | undefined;
  readonly allowedSuffixes: readonly string[];
  readonly allowWildcards: boolean;
  readonly requirePeerAddress: boolean;
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
  const allowed = createNetworkSet();
  for (const entry of policy.allowedCidrs) {
    if (!addNetwork(allowed, entry)) throw badEntry(entry, "an address or CIDR");
  }
  const own = policy.allowOwn ? [] : policy.ownNames.filter((name) => !isSelf(canonicalName(name)));
  return {
    own: ownSet(own),
    denied: deniedSet(policy.deniedSans),
    allowedNetworks: policy.allowedCidrs.length === 0 ? undefined : allowed,
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
  const asked = [requested.commonName, ...requested.dnsNames, ...requested.ipAddresses].filter(
    (name) => name !== "",
  );
  const canonical = new Map(asked.map((name) => [name, canonicalName(name)]));
  for (const name of canonical.values())
    if (matches(policy.denied, name)) return { ok: false, reason: "name-denied" };
  for (const name of canonical.values())
    if (!isAllowed(policy, name)) return { ok: false, reason: "name-not-allowed" };
  if (policy.requirePeerAddress && !requested.ipAddresses.includes(canonicalIp(peerAddress) ?? "")) {
    return { ok: false, reason: "peer-address-missing" };
  }
  const leftOut: LeftOut[] = [];
  const keep = (name: string): boolean => {
    const reason = reasonToLeaveOut(policy, canonical.get(name) ?? canonicalName(name));
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
  // In a CN a wildcard may stand anywhere; only one leading label of a name is what can be allowed.
  const allowed = policy.allowWildcards && /^\*\.[^*]+$/.test(name);
  return name.includes("*") && !allowed ? "wildcard" : undefined;
}

function isSelf(canonical: string): boolean {
  return canonical === "localhost" || (isLoopback(canonical) && isAddress(canonical));
}

/** The signer's own names are taken as they stand in its certificate: no networks, no suffixes, nothing is refused. */
function ownSet(names: readonly string[]): NameSet {
  return { exact: new Set(names.map(canonicalName)), suffixes: [], networks: createNetworkSet() };
}

function deniedSet(entries: readonly string[]): NameSet {
  const exact = new Set<string>();
  const suffixes: string[] = [];
  const networks = createNetworkSet();
  for (const entry of entries) {
    // Who denies `*.example.org` means every name below it, not just the wildcard itself.
    const name = canonicalName(entry).replace(/^\*\./, ".");
    if (addNetwork(networks, name)) continue;
    if (name.startsWith(".") && isDomain(name.slice(1))) suffixes.push(name);
    else if (isDomain(name)) exact.add(name);
    else throw badEntry(entry, "a name, .suffix, address or CIDR");
  }
  return { exact, suffixes, networks };
}

function isAllowed({ allowedNetworks, allowedSuffixes }: CompiledNamePolicy, name: string): boolean {
  if (isSelf(name)) return true;
  if (isAddress(name)) return allowedNetworks === undefined || hasAddress(allowedNetworks, name);
  if (allowedSuffixes.length === 0) return true;
  // A CN may be any text: what is no DNS name lies in no domain.
  const domain = name.replace(/^\*\./, "");
  if (!isDomain(domain)) return false;
  return !name.includes(".") || allowedSuffixes.some((suffix) => `.${domain}`.endsWith(suffix));
}

function badEntry(entry: string, wanted: string): PkiError {
  return new PkiError("ERR_PKI_NAME_POLICY", `${JSON.stringify(entry)} is not ${wanted}`);
}
