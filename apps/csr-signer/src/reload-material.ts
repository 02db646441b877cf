import { checked, type Checked, type Fault } from "@talos-bridge/settings";
import { proven, servingPlace, type Material, type MaterialOptions } from "./material.ts";
import { servingFault } from "./serving-fault.ts";
import { issueServing, readServing, type Serving } from "./serving.ts";
import { tokensAfterChange } from "./tokens.ts";
import { readTrust, type Contents, type Trust } from "./trust.ts";

/** What a reload took and what it left as it was. */
export interface Reloaded {
  readonly material: Material;
  readonly swapped: readonly ReloadGroup[];
  readonly faults: readonly (Fault & { readonly group: ReloadGroup })[];
}

export type ReloadGroup = "tokens" | "serving" | "trust";

/**
 * Takes changed files in three groups: tokens; the serving pair; issuing and accepted CAs. Each is swapped by itself,
 * the last two only into a whole that holds together. Whatever is damaged, half-written or not yet consistent changes
 * nothing and is told.
 */
export async function reloadMaterial(
  current: Material,
  options: MaterialOptions,
  changed: ReadonlySet<string>,
  contents: Contents,
  now: Date,
): Promise<Reloaded> {
  const { paths } = options;
  const swapped: ReloadGroup[] = [];
  const faults: (Fault & { group: ReloadGroup })[] = [];
  const note = (group: ReloadGroup, list: readonly Fault[]): void =>
    void faults.push(...list.map((f) => ({ ...f, group })));

  let tokens = current.tokens;
  const tokenFile = paths.tokenFile?.path;
  if (tokenFile !== undefined && changed.has(tokenFile)) {
    const read = tokensAfterChange(tokenFile, contents.get(tokenFile));
    if (read.ok) {
      tokens = read.value;
      swapped.push("tokens");
    } else {
      note("tokens", read.faults);
    }
  }

  const read = readTrust(paths, contents);
  const trust =
    read.ok && !sameTrust(read.value, current.trust) ? await proven(read.value, paths, now) : read;
  if (!trust.ok) note("trust", trust.faults);
  const nextTrust = trust.ok && !sameTrust(trust.value, current.trust) ? trust.value : undefined;
  const serving = await nextServing(current, options, nextTrust, contents, now);
  if (!serving.ok) note("serving", serving.faults);
  const newServing = serving.ok ? serving.value : undefined;

  const whole = firstConsistent(current, nextTrust, newServing, now);
  if (whole.trust !== current.trust) swapped.push("trust");
  else if (nextTrust !== undefined) {
    note("trust", [{ setting: "CA_CERT_PATH", file: paths.caCertificate, fault: WAITS }]);
  }
  if (whole.serving !== current.serving) swapped.push("serving");
  else if (newServing !== undefined) note("serving", [{ ...servingPlace(paths), fault: WAITS }]);
  return { material: { ...whole, tokens }, swapped, faults };
}

const WAITS = "waits: the serving certificate would not chain to the accepted CAs, or is not valid now";

/** Both new parts if they fit, else the one that fits with what is there, else what is there. */
function firstConsistent(
  current: Material,
  trust: Trust | undefined,
  serving: Serving | undefined,
  now: Date,
): { trust: Trust; serving: Serving } {
  const tries = [
    { trust: trust ?? current.trust, serving: serving ?? current.serving },
    { trust: trust ?? current.trust, serving: current.serving },
    { trust: current.trust, serving: serving ?? current.serving },
  ];
  return tries.find((each) => servingFault(each.serving, each.trust.accepted, now) === undefined) ?? current;
}

/** A serving certificate to swap to, if there is a new one. One that is self-issued follows its CA. */
async function nextServing(
  current: Material,
  options: MaterialOptions,
  nextTrust: Trust | undefined,
  contents: Contents,
  now: Date,
): Promise<Checked<Serving | undefined>> {
  const { serving: paths } = options.paths;
  if (paths === undefined) {
    return checked(
      nextTrust === undefined ? undefined : await issueServing(nextTrust, options.ownNames, now),
    );
  }
  const read = readServing(paths, contents);
  if (!read.ok) return read;
  const same =
    read.value.certificatePem === current.serving.certificatePem &&
    read.value.keyPem === current.serving.keyPem;
  return checked(same ? undefined : read.value);
}

function sameTrust(a: Trust, b: Trust): boolean {
  return (
    Buffer.compare(a.acceptedPem, b.acceptedPem) === 0 &&
    a.issuing.privateKey.key.equals(b.issuing.privateKey.key)
  );
}
