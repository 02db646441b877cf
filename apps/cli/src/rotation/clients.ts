import { readCertificates } from "@talos-bridge/pki";
import { fingerprintOf } from "../act-log.ts";
import type { RotationPorts } from "./ports.ts";
import type { Which } from "./stage.ts";
import type { Pair, RotationState } from "./state.ts";

const SPARE_MS = 3_600_000;

/** Whether a client certificate ends within `spareMs`. One that has ended is refused by everybody, and would prove nothing. */
export function endsSoon({ certificate }: Pair, now: Date, spareMs = SPARE_MS): boolean {
  const [leaf] = readCertificates(certificate);
  return leaf === undefined || leaf.notAfter.getTime() - now.getTime() < spareMs;
}

/** A client certificate of `os:admin`, once the act is written down. */
export async function newClient(ports: RotationPorts, ca: Pair): Promise<Pair> {
  await ports.recordAct({
    act: "issue-client-certificate",
    ca: fingerprintOf(ca.certificate),
    roles: ["os:admin"],
  });
  return ports.issueClient(ca);
}

/** A state whose client certificates last for a while: it itself where they do. It is not written yet. */
export async function withLiveClients(
  ports: RotationPorts,
  oldCa: Pair,
  state: RotationState,
): Promise<RotationState> {
  const now = ports.now();
  const live = async (which: Which, ca: Pair): Promise<Pair> =>
    endsSoon(state.clients[which], now) ? newClient(ports, ca) : state.clients[which];
  const clients = { old: await live("old", oldCa), new: await live("new", state.newCa) };
  const same = clients.old === state.clients.old && clients.new === state.clients.new;
  return same ? state : { ...state, clients };
}
