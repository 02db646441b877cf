// The log's messages. check-docs.ts holds the list to the messages in the signer's sources.

export interface LogNote {
  readonly level: "info" | "warn" | "error";
  readonly fields: string;
  readonly meaning: string;
}

/** By message; `…` stands for a part that varies. */
export const LOG_NOTES: Readonly<Record<string, LogNote>> = {
  listening: {
    level: "info",
    fields: "port, adminPort, version, revision",
    meaning: "Calls are taken from here on.",
  },
  signed: {
    level: "info",
    fields: "peer, tokenId, commonName, sans, keyType, serial, notAfter, dropped, leftOut",
    meaning:
      "A certificate was issued. `dropped`: parts of the request that are never issued, such as `organization`. `leftOut`: names with the reason `own-name` or `wildcard`.",
  },
  refused: {
    level: "warn",
    fields: "peer, method, code, reason, tokenId, commonName, sans, keyType",
    meaning: "A call was refused; at most ten such lines a second. The reasons are in the table above.",
  },
  "refused, not told one by one": {
    level: "warn",
    fields: "reasons",
    meaning: "How many more were refused, by reason.",
  },
  reloaded: {
    level: "info",
    fields: "groups",
    meaning: "Changed files are in force: `tokens`, `serving`, `trust`.",
  },
  "reloaded what had waited": {
    level: "info",
    fields: "groups",
    meaning: "A change that had waited holds together now and is in force.",
  },
  "reload refused, the old material stays in force": {
    level: "error",
    fields: "group, setting, file, fault",
    meaning: "A changed file is damaged, or would not fit with the rest. Workers are served as before.",
  },
  "a change of material failed, the old one stays in force": {
    level: "error",
    fields: "error",
    meaning: "An unexpected error while files were reloaded.",
  },
  "renewed the serving certificate": {
    level: "info",
    fields: "",
    meaning: "The signer's self-issued certificate was replaced.",
  },
  "can't watch or read": {
    level: "error",
    fields: "file, error",
    meaning:
      "A file turned unreadable. It is looked at again every 30 s; what was read before stays in force.",
  },
  "file mode": {
    level: "warn",
    fields: "setting, file, warning",
    meaning:
      "Others may read a key or token file. Kubernetes mounts Secrets so unless `fsGroup` and `defaultMode` say otherwise.",
  },
  "issued a serving certificate for this host's own names: set SERVER_IPS to what workers connect to": {
    level: "warn",
    fields: "",
    meaning:
      "Workers connect to the control plane's address, which is none of these names in most deployments.",
  },
  "the old CA is no longer among the accepted ones: a worker that has not got the new one is locked out": {
    level: "warn",
    fields: "",
    meaning:
      "The issuing CA was replaced and the old one dropped in one step. Right at the end of a rotation; else put the old CA back into `ACCEPTED_CAS_PATH`.",
  },
  "no health and metrics: the default admin port can't be had": {
    level: "warn",
    fields: "code",
    meaning: "Port 8081 is taken and `ADMIN_ADDR` was not set. Set it where probes are configured.",
  },
  "internal error": {
    level: "error",
    fields: "service, method, error",
    meaning: "The caller got INTERNAL. A fault in the signer: report it.",
  },
  "configuration fault": {
    level: "error",
    fields: "setting, file, fault",
    meaning: "One line a fault, all of them, before the process ends with exit code 1.",
  },
  "not started: …": { level: "error", fields: "", meaning: "How many faults there were." },
  stopping: {
    level: "info",
    fields: "delayMs, timeoutMs",
    meaning: "SIGTERM or SIGINT came. A second one ends at once.",
  },
  stopped: {
    level: "info",
    fields: "completed, abandoned",
    meaning: "The end. `abandoned` calls were still open after `SHUTDOWN_TIMEOUT`.",
  },
};
