// The nodes, in a process of their own: takes what to send first, then loads one at a time, over IPC.
import type { ClientHttp2Session } from "node:http2";
import { closeSession, makeEndpoint } from "../bench/grpc-call.ts";
import { runLoad, type DirectTarget, type Load, type SealedNode } from "./loads.ts";

/** What every load needs. */
export interface Setup {
  readonly caPem: string;
  readonly direct: DirectTarget;
  readonly nodes: readonly SealedNode[];
}

let setup: Setup | undefined;
const held: ClientHttp2Session[] = [];

process.on("message", (message: Setup | Load) => {
  if ("nodes" in message) setup = message;
  else if (setup !== undefined) void carryOut(message, setup);
});
process.on("disconnect", () => process.exit());

async function carryOut(load: Load, { caPem, direct, nodes }: Setup): Promise<void> {
  await Promise.all(held.splice(0).map(closeSession));
  // Over IPC a Buffer comes as a Uint8Array.
  const own = nodes.map((node) => ({ ...node, key: Buffer.from(node.key) }));
  process.send?.(await runLoad(load, makeEndpoint(load.port, caPem), direct, own, held));
}
