import { CliError } from "../cli-error.ts";
import { hostAndPort, type Endpoint } from "../endpoint.ts";
import { hostOf } from "./stage-files.ts";
import type { RotationState } from "./state.ts";

/** Nodes and signers of a rotation. */
export type Hosts = Pick<RotationState, "nodes" | "signers">;

/** As options name them; undefined = not given. */
export interface HostOptions {
  readonly nodes?: readonly Endpoint[];
  readonly signer?: readonly Endpoint[];
}

/** The hosts that a rotation begins with. Throws TB1001 where some are missing. */
export function hostsToBeginWith({ nodes = [], signer = [] }: HostOptions): Hosts {
  if (nodes.length > 0 && signer.length > 0) return { nodes: distinct(nodes), signers: distinct(signer) };
  throw new CliError("TB1001", "to begin, all nodes and signers must be named: --nodes and --signer");
}

/** A state with the hosts that were given this time, in place of those it had; the state itself where that is the same. */
export function withHosts(state: RotationState, { nodes, signer }: HostOptions): RotationState {
  const next: Hosts = {
    nodes: nodes === undefined ? state.nodes : distinct(nodes),
    signers: signer === undefined ? state.signers : distinct(signer),
  };
  const same = next.nodes.join() === state.nodes.join() && next.signers.join() === state.signers.join();
  return same ? state : { ...state, ...next };
}

/** The nodes that are meant by hosts, with or without port, or by `all`. Throws TB1001 for one that is none of them. */
export function nodesNamed(nodes: readonly string[], hosts: readonly string[]): readonly string[] {
  if (hosts.join() === "all") return nodes;
  return hosts.map((host) => {
    const node = nodes.find((each) => each === host || hostOf(each) === host);
    if (node === undefined) throw new CliError("TB1001", `--patched: ${host} is not among the nodes`);
    return node;
  });
}

function distinct(endpoints: readonly Endpoint[]): readonly string[] {
  return [...new Set(endpoints.map(hostAndPort))];
}
