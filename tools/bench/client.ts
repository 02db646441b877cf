// The workers, in a process of their own: takes what to send first, then loads one at a time, over IPC.
import type { ClientHttp2Session } from "node:http2";
import { closeSession, makeTarget } from "./grpc-call.ts";
import { runLoad, type Load } from "./loads.ts";
import type { WorkerRequest } from "./material.ts";

/** What every load needs. */
export interface Setup {
  readonly caPem: string;
  readonly token: string;
  readonly requests: readonly WorkerRequest[];
}

let setup: Setup | undefined;
const held: ClientHttp2Session[] = [];

process.on("message", (message: Setup | Load) => {
  if ("token" in message) setup = message;
  else if (setup !== undefined) void carryOut(message, setup);
});
process.on("disconnect", () => process.exit());

async function carryOut(load: Load, { caPem, token, requests }: Setup): Promise<void> {
  await Promise.all(held.splice(0).map(closeSession));
  process.send?.(await runLoad(load, makeTarget(load.port, caPem, token), requests, held));
}
