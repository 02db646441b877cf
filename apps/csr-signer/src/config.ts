import { isIP } from "node:net";
import { compileNamePolicy, PkiError } from "@talos-bridge/pki";
import type { SettingsValues } from "@talos-bridge/settings";
import { checked, faulty, type Checked } from "@talos-bridge/settings";
import { serverName } from "./own-names.ts";
import type { SETTINGS } from "./settings.ts";

export type Values = SettingsValues<typeof SETTINGS>;

/** What stays of a policy when the signer's own names change with its serving certificate. */
export function namePolicyOf(
  values: Values,
  ownNames: readonly string[],
): ReturnType<typeof compileNamePolicy> {
  return compileNamePolicy({
    ownNames,
    deniedSans: values.deniedSans,
    allowedCidrs: values.allowedSanCidrs,
    allowedSuffixes: values.allowedSanSuffixes,
    allowWildcards: values.allowWildcardSans,
    allowOwn: values.allowOwnSans,
    requirePeerAddress: values.requirePeerIpSan,
  });
}

/** Faults that one setting's parser can't see: lists that must compile, addresses that must be addresses. */
export function checkValues(values: Values): Checked<Values> {
  const faults = [];
  if (values.bindAddress !== undefined && isIP(values.bindAddress) === 0) {
    faults.push({ setting: "BIND_ADDRESS", fault: "is no IP address" });
  }
  for (const entry of values.serverIps) {
    if (serverName(entry) === undefined) {
      faults.push({
        setting: "SERVER_IPS",
        fault: `${JSON.stringify(entry)} is no name or address of a host`,
      });
    }
  }
  const lists = [
    { setting: "DENIED_SANS", policy: { deniedSans: values.deniedSans } },
    { setting: "ALLOWED_SAN_CIDRS", policy: { allowedCidrs: values.allowedSanCidrs } },
    { setting: "ALLOWED_SAN_SUFFIXES", policy: { allowedSuffixes: values.allowedSanSuffixes } },
  ];
  for (const { setting, policy } of lists) {
    try {
      compileNamePolicy({ ...EMPTY_POLICY, ...policy });
    } catch (error) {
      if (!(error instanceof PkiError)) throw error;
      faults.push({ setting, fault: error.message });
    }
  }
  return faults.length > 0 ? faulty(...faults) : checked(values);
}

const EMPTY_POLICY = {
  ownNames: [],
  deniedSans: [],
  allowedCidrs: [],
  allowedSuffixes: [],
  allowWildcards: false,
  allowOwn: false,
  requirePeerAddress: false,
};
