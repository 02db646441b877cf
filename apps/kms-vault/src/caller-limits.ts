import { BlockList, isIP } from "node:net";
import { refuse, type Parser } from "@talos-bridge/settings";

/** Whether calls may come from an address; without a rule from everywhere. */
export type AllowedSources = (address: string) => boolean;

/** Addresses and networks between commas, such as `10.0.0.0/8, 2001:db8::/32, 192.0.2.7`; empty allows all. */
export function sourceNetworks(): Parser<AllowedSources> {
  return {
    type: "list of networks",
    parse(text) {
      const items = text
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== "");
      if (items.length === 0) return () => true;
      const list = new BlockList();
      for (const item of items) addNetwork(list, item);
      return (address) => {
        const family = isIP(address);
        return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
      };
    },
  };
}

function addNetwork(list: BlockList, item: string): void {
  const { network = "", bits } =
    /^(?<network>[0-9A-Fa-f.:]{2,45})(?:\/(?<bits>0|[1-9][0-9]{0,2}))?$/.exec(item)?.groups ?? {};
  const family = isIP(network);
  const most = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : Number(bits);
  if (family === 0 || prefix > most)
    throw refuse("must be a list of addresses and networks, such as 10.0.0.0/8");
  list.addSubnet(network, prefix, family === 4 ? "ipv4" : "ipv6");
}

export interface CallerLimitOptions {
  readonly allowedSources: AllowedSources;
  /** 0: no such limit. */
  readonly perMinutePerAddress: number;
  readonly perMinutePerUuid: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

export interface CallerLimits {
  /** Why a call from this address is not worked on, before its message is looked at. Counts it if it is. */
  refusesAddress(address: string): "source" | "address-rate" | undefined;
  /** Why a call for this node is not worked on. Counts it if it is. */
  refusesUuid(uuid: string): "uuid-rate" | undefined;
}

/**
 * Limits for who has no credentials to tell: a KMS client sends none. All are off by default, since whole sites sit behind one
 * address and a node that reboots again and again still has to come up.
 */
export function createCallerLimits(options: CallerLimitOptions): CallerLimits {
  const { allowedSources, perMinutePerAddress, perMinutePerUuid, now } = options;
  const takeAddress = createKeyedRate(perMinutePerAddress, now);
  const takeUuid = createKeyedRate(perMinutePerUuid, now);
  return {
    refusesAddress(address) {
      if (!allowedSources(address)) return "source";
      return takeAddress(address) ? undefined : "address-rate";
    },
    refusesUuid: (uuid) => (takeUuid(uuid) ? undefined : "uuid-rate"),
  };
}

/** Keys kept at most; past it the one whose last call is oldest is forgotten. About 1 MB. */
export const MAX_LIMITED_KEYS = 10_000;

/** A bucket of `perMinute` places for each key, refilled within a minute. */
function createKeyedRate(perMinute: number, now: () => number): (key: string) => boolean {
  if (perMinute === 0) return () => true;
  // A Map keeps the order of insertion: the first key is the one whose last call is oldest.
  const buckets = new Map<string, { readonly places: number; readonly at: number }>();
  return (key) => {
    const at = now();
    const before = buckets.get(key) ?? { places: perMinute, at };
    const places = Math.min(perMinute, before.places + ((at - before.at) * perMinute) / 60_000);
    if (places < 1) return false;
    buckets.delete(key);
    buckets.set(key, { places: places - 1, at });
    const [oldest] = buckets.keys();
    if (buckets.size > MAX_LIMITED_KEYS && oldest !== undefined) buckets.delete(oldest);
    return true;
  };
}
