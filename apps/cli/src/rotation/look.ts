import { convertPrivateKey, encodeCertificates, readCertificate } from "@talos-bridge/pki";
import { open } from "node:fs/promises";
import { CliError } from "../cli-error.ts";
import { probeClient } from "../client-probe.ts";
import type { CommandContext } from "../command-context.ts";
import { hostPort } from "../endpoint.ts";
import { reason } from "../files.ts";
import { askSigner } from "../signer-call.ts";
import { probeTls } from "../tls-probe.ts";
import { signedSerials } from "./audit-trail.ts";
import { endsSoon } from "./clients.ts";
import { authoritiesOf } from "./evidence.ts";
import type { NodeSight, Sights, SignerSight } from "./sight.ts";
import type { Pair, RotationState } from "./state.ts";

export interface LookOptions {
  readonly token: string;
  /** The signers' logs. */
  readonly auditFiles: readonly string[];
}

/** Nodes that are looked at at once. */
const AT_ONCE = 16;

/** Looks at every node and signer once. What can't be reached is part of what is seen. */
export async function look(
  context: CommandContext,
  state: RotationState,
  options: LookOptions,
): Promise<Sights> {
  const signers = await inParallel(state.signers, (each) =>
    seen(() => lookAtSigner(context, state, each, options)),
  );
  const nodes = await inParallel(state.nodes, (each) => seen(() => lookAtNode(context, state, each)));
  const { auditFiles } = options;
  if (auditFiles.length === 0) return { signers, nodes, signedSerials: undefined };
  const logs = await Promise.all(auditFiles.map(readTail));
  return { signers, nodes, signedSerials: signedSerials(logs.join("\n")) };
}

async function lookAtSigner(
  context: CommandContext,
  state: RotationState,
  address: string,
  { token }: LookOptions,
): Promise<SignerSight> {
  const endpoint = hostPort()(address);
  const { old, new: next } = authoritiesOf(state);
  const { chain } = await probeTls(context, endpoint);
  const { leaf, roots } = await askSigner(context, {
    endpoint,
    ca: encodeCertificates([old, next]),
    token,
    names: { commonName: "ca-rotate", dnsNames: ["ca-rotate"], ipAddresses: ["127.0.0.1"] },
  });
  return { chain: chain.map(readCertificate), leaf, accepted: roots };
}

async function lookAtNode(
  context: CommandContext,
  { clients }: RotationState,
  address: string,
): Promise<NodeSight> {
  const endpoint = hostPort()(address);
  if (endsSoon(clients.old, context.world.now(), 0) || endsSoon(clients.new, context.world.now(), 0)) {
    return "the rotation's client certificates have ended: `ca rotate start` or `finish` makes new ones";
  }
  // OpenSSL does not know Talos's label of Ed25519 keys.
  const client = ({ certificate, key }: Pair): Pair => ({
    certificate,
    key: convertPrivateKey(key, "pkcs8"),
  });
  const withOld = await probeClient(context, endpoint, client(clients.old));
  // Last, so that the chain is not older than what is said of the new CA.
  const withNew = await probeClient(context, endpoint, client(clients.new));
  const chain = withNew.chain.map(readCertificate);
  // The chain is verified later: what was said of the old CA counts for the same node alone, and not for who stood in between.
  if (!isSame(withOld.chain[0], withNew.chain[0])) return "it showed two certificates in one look";
  return {
    chain,
    accepts: { old: withOld.accepted, new: withNew.accepted },
  };
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}

/** A sight, or why there is none. The end of the command is no sight. */
async function seen<T>(at: () => Promise<T>): Promise<T | string> {
  try {
    return await at();
  } catch (error) {
    if (error instanceof CliError && error.id !== "TB9001" && error.id !== "TB9002") return error.message;
    if (error instanceof Error && error.name === "PkiError")
      return `its certificate can't be read: ${error.message}`;
    throw error;
  }
}

async function inParallel<T>(
  addresses: readonly string[],
  at: (address: string) => Promise<T>,
): Promise<ReadonlyMap<string, T>> {
  const found = new Map<string, T>();
  const waiting = [...addresses];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      found.set(next, await at(next));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, addresses.length) }, work));
  return found;
}

const TAIL_BYTES = 8 * 1_048_576;

/** The end of a log: what was signed lately. Throws TB1002. */
async function readTail(path: string): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const from = Math.max(0, size - TAIL_BYTES);
      const { buffer, bytesRead } = await file.read({ position: from, buffer: Buffer.alloc(size - from) });
      return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new CliError("TB1002", `${path} can't be read: ${reason(cause)}`, { cause });
  }
}
