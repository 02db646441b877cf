declare const TALOS_BRIDGE_VERSION: string | undefined;
declare const TALOS_BRIDGE_REVISION: string | undefined;

/** What the bundle was built from; run from source there is no such thing. */
export const BUILD = {
  version: typeof TALOS_BRIDGE_VERSION === "undefined" ? "0.0.0-source" : TALOS_BRIDGE_VERSION,
  revision: typeof TALOS_BRIDGE_REVISION === "undefined" ? "unknown" : TALOS_BRIDGE_REVISION,
} as const;
