import { KMSService } from "@talos-bridge/api";
import { randomBytes } from "node:crypto";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command-context.ts";
import type { Endpoint } from "./endpoint.ts";
import { readInput, readText } from "./files.ts";
import { withClient } from "./grpc-client.ts";
import { readSealedData } from "./sealed-data.ts";
import { unsealOffline } from "./unseal-offline.ts";

export interface KmsOptions {
  readonly endpoint?: Endpoint;
  readonly nodeUuid: string;
  readonly ca?: string;
}

/** Talos's own deadline for a call, dialling included. */
const TALOS_DEADLINE_MS = 10_000;
const KEY_BYTES = 32;

export async function seal(
  context: CommandContext,
  options: KmsOptions & { readonly in: string },
): Promise<void> {
  const data = await readInput(context.world, options.in);
  const sealed = await call(context, options, "seal", data);
  const text = sealed.toString("base64");
  context.out.data({ kind: "SealedKey", nodeUuid: options.nodeUuid, sealedData: text }, `${text}\n`);
}

export interface UnsealOptions extends KmsOptions {
  readonly in: string;
  readonly offline: boolean;
  readonly mountPath: string;
}

export async function unseal(context: CommandContext, options: UnsealOptions): Promise<void> {
  const sealed = readSealedData(await readText(context.world, options.in));
  const key = options.offline
    ? await unsealOffline(context, { ...options, sealed })
    : await call(context, options, "unseal", Buffer.from(sealed, "latin1"));
  const text = key.toString("base64");
  // No newline: what follows a pipe takes it for the passphrase as it is.
  context.out.data({ kind: "UnsealedKey", nodeUuid: options.nodeUuid, passphrase: text }, text);
}

export async function roundTrip(context: CommandContext, options: KmsOptions): Promise<void> {
  const { nodeUuid } = options;
  const key = randomBytes(KEY_BYTES);
  const sealedFrom = performance.now();
  const sealed = await call(context, options, "seal", key);
  const unsealedFrom = performance.now();
  const unsealed = await call(context, options, "unseal", sealed);
  const ended = performance.now();
  if (!unsealed.equals(key)) throw new CliError("TB2005", "the KMS gave back another key than it was given");
  const sealMs = Math.round(unsealedFrom - sealedFrom);
  const unsealMs = Math.round(ended - unsealedFrom);
  context.out.data(
    { kind: "RoundTrip", nodeUuid, sealMs, unsealMs },
    {
      head: ["NODE", "SEAL", "UNSEAL", "KEY"],
      rows: [[nodeUuid, `${sealMs} ms`, `${unsealMs} ms`, "came back the same"]],
    },
  );
}

async function call(
  context: CommandContext,
  { endpoint, nodeUuid, ca }: KmsOptions,
  method: "seal" | "unseal",
  data: Uint8Array,
): Promise<Buffer> {
  if (endpoint === undefined) throw new CliError("TB1001", "--endpoint says which KMS to ask");
  if (!endpoint.secure) context.out.warn("grpc:// is plaintext: whoever is on the way reads the key");
  const trusted = ca === undefined ? undefined : await readText(context.world, ca);
  return withClient(context, KMSService, endpoint, trusted, async (client) => {
    const { signal } = context;
    const answer = await client[method]({ nodeUuid, data }, { signal, timeoutMs: TALOS_DEADLINE_MS });
    return Buffer.from(answer.data);
  });
}
