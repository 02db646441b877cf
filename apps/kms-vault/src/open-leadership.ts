import { systemTimers, type Log } from "@talos-bridge/grpc-server";
import { createLeaseLock, LeaderError } from "@talos-bridge/leader";
import { checked, faulty, type Checked } from "@talos-bridge/settings";
import { readFile, rm, writeFile } from "node:fs/promises";
import { leaseDurations, type Values } from "./config.ts";
import type { KmsMetrics } from "./kms-metrics.ts";
import { apiServerOf, createInClusterRequest } from "./kubernetes-request.ts";
import { electedReplicaServes, everyReplicaServes, type LeaderFile, type Leadership } from "./leadership.ts";

export interface LeadershipInput {
  readonly values: Values;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostname: string;
  readonly leaderFilePath: string;
  readonly log: Log;
  readonly metrics: KmsMetrics;
  readonly ready: () => boolean;
}

/** Whether all replicas serve, or the one that holds the Lease. Nothing is sent before its start. */
export function openLeadership(input: LeadershipInput): Checked<Leadership> {
  const { values, env, hostname, leaderFilePath, log, metrics, ready } = input;
  if (!values.enableLeaderElection) return checked(everyReplicaServes(ready));
  const server = apiServerOf(env);
  if (server === undefined) {
    const fault = "must be there, as in a pod: leader election keeps a Lease in the cluster";
    return faulty({ setting: "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT", fault });
  }
  try {
    const lock = createLeaseLock({
      request: createInClusterRequest({
        ...server,
        serviceAccountFolder: values.serviceAccountPath,
        readFile: (path) => readFile(path, "utf8"),
      }),
      namespace: values.leaderElectionNamespace,
      name: values.leaderElectionName,
    });
    return checked(
      electedReplicaServes({
        lock,
        identity: values.leaderElectionIdentity ?? hostname,
        durations: leaseDurations(values),
        log,
        metrics,
        leaderFile: leaderFileAt(leaderFilePath),
        timers: systemTimers,
        wallClock: Date.now,
        random: Math.random,
      }),
    );
  } catch (error) {
    if (!(error instanceof LeaderError)) throw error;
    const at = error.message.includes("namespace") ? "namespace" : "name";
    return faulty({ setting: `--leader-election-${at}`, fault: error.message });
  }
}

function leaderFileAt(path: string): LeaderFile {
  return {
    async write() {
      // Everybody may write to /tmp: a link that somebody put there must not be followed.
      await rm(path, { force: true });
      await writeFile(path, "", { flag: "wx" });
    },
    remove: () => rm(path, { force: true }),
  };
}
