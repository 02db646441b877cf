import type { Endpoint } from "../endpoint.ts";

export type Volume = "STATE" | "EPHEMERAL";

export interface DoctorOptions {
  readonly endpoint?: Endpoint;
  readonly secrets?: string;
  readonly machineConfig?: string;
  readonly talosconfig?: string;
  readonly ca?: string;
  readonly tokenFile?: string;
  readonly node: readonly Endpoint[];
  readonly apiServer?: Endpoint;
  /** As it is, or will be, written in the machine config. */
  readonly kms?: string;
  readonly kmsCa?: string;
  readonly imageCa?: string;
  readonly volumes: readonly Volume[];
  readonly nodeUuid?: string;
  /** Milliseconds. */
  readonly expiring: number;
  /** Milliseconds. */
  readonly wait?: number;
}
