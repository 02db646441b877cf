import { checkDurations, LeaderError, type LeaseDurations } from "@talos-bridge/leader";
import { checked, faulty, type Checked, type SettingsValues } from "@talos-bridge/settings";
import type { SETTINGS } from "./settings.ts";

export type Values = SettingsValues<typeof SETTINGS>;

export function leaseDurations(values: Values): LeaseDurations {
  return {
    leaseDuration: values.leaderElectionLeaseDuration,
    renewDeadline: values.leaderElectionRenewDeadline,
    retryPeriod: values.leaderElectionRetryPeriod,
  };
}

/** Faults that one setting's parser can't see. */
export function checkValues(values: Values): Checked<Values> {
  if (!values.enableLeaderElection) return checked(values);
  try {
    checkDurations(leaseDurations(values));
    return checked(values);
  } catch (error) {
    if (!(error instanceof LeaderError)) throw error;
    return faulty({ setting: "--leader-election-*", fault: error.message });
  }
}
