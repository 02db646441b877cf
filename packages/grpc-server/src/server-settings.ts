import { boolean, duration, integer, oneOf, type Setting } from "@talos-bridge/settings";

const HOUR_MS = 3_600_000;

/** Rows of a settings table that every server has: limits, file modes, log, shutdown. */
export const SERVER_SETTINGS = {
  maxConnections: {
    env: "MAX_CONNECTIONS",
    flag: "max-connections",
    default: "512",
    ...integer({ min: 1, max: 65_536 }),
    doc: "Open connections at most.",
  },
  maxConnectionsPerAddress: {
    env: "MAX_CONNECTIONS_PER_ADDRESS",
    flag: "max-connections-per-address",
    default: "0",
    ...integer({ min: 0, max: 65_536 }),
    doc: "Open connections at most from one address. 0: no such limit; whole sites sit behind one address.",
  },
  maxCalls: {
    env: "MAX_CALLS",
    flag: "max-calls",
    default: "64",
    ...integer({ min: 1, max: 4096 }),
    doc: "Calls worked on at once; more wait in order.",
  },
  strictFileModes: {
    env: "STRICT_FILE_MODES",
    flag: "strict-file-modes",
    default: "false",
    ...boolean(),
    doc: "Refuse to start where a file that holds a secret is readable by others, instead of warning.",
  },
  logLevel: {
    env: "LOG_LEVEL",
    flag: "log-level",
    default: "info",
    ...oneOf(["debug", "info", "warn", "error"]),
    doc: "Least level that is logged.",
  },
  logFormat: {
    env: "LOG_FORMAT",
    flag: "log-format",
    default: "json",
    ...oneOf(["json", "text"]),
    doc: "Form of log lines.",
  },
  shutdownDelay: {
    env: "SHUTDOWN_DELAY",
    flag: "shutdown-delay",
    default: "0s",
    ...duration({ min: 0, max: HOUR_MS }),
    doc: "Time between SIGTERM (readiness goes off) and the end of accepting calls.",
  },
  shutdownTimeout: {
    env: "SHUTDOWN_TIMEOUT",
    flag: "shutdown-timeout",
    default: "10s",
    ...duration({ min: 0, max: HOUR_MS }),
    doc: "Time that calls in progress have to end.",
  },
} satisfies Record<string, Setting<unknown>>;
