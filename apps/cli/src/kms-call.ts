import { KMSService } from "@talos-bridge/api";
import { encodeCertificates } from "@talos-bridge/pki";
import { randomBytes } from "node:crypto";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command-context.ts";
import type { Endpoint } from "./endpoint.ts";
import { readInput, readText, shownPath } from "./files.ts";
import { withClient } from "./grpc-client.ts";
import { kmsAddressOption } from "./kms-address.ts";
import { readCertificateFile } from "./pki/authorities.ts";
import { readSealedData } from "./sealed-data.ts";
import { unsealOffline } from "./unseal-offline.ts";

export interface KmsOptions {
  readonly endpoint?: string;
  readonly nodeUuid: string;
  /** File. */
  readonly ca?: string;
}

/** Whom to ask, and for which node. */
export interface KmsTarget {
  readonly endpoint: Endpoint;
  readonly nodeUuid: string;
  /** PEM of the CAs to trust; the system's if undefined. */
  readonly ca: string | undefined;
}

/** Talos's own deadline for a call, dialling included. */
const TALOS_DEADLINE_MS = 10_000;
const KEY_BYTES = 32;

export async function seal(
  context: CommandContext,
  options: KmsOptions & { readonly in: string },
): Promise<void> {
  const data = await readInput(context.world, options.in);
  // Not for the KMS to say: another file than was meant has no business on the network.
  if (data.length !== KEY_BYTES) {
    throw new CliError(
      "TB1001",
      `${shownPath(options.in)} has ${data.length} bytes: a key to seal has ${KEY_BYTES}`,
    );
  }
  const sealed = await call(context, await targetOf(context, options), "seal", data);
  const text = sealed.toString("base64");
  context.out.data({ kind: "SealedKey", nodeUuid: options.nodeUuid, sealedData: text }, `${text}\n`);
}

export interface UnsealOptions extends KmsOptions {
  readonly in: string;
  readonly offline: boolean;
  readonly mountPath: string;
}

export async function unseal(context: CommandContext, options: UnsealOptions): Promise<void> {
  const sealed = readSealedData(await readText(context.world, options.in), shownPath(options.in));
  const key = options.offline
    ? await unsealOffline(context, { ...options, sealed })
    : await call(context, await targetOf(context, options), "unseal", Buffer.from(sealed, "latin1"));
  const text = key.toString("base64");
  // No newline: what follows a pipe takes it for the passphrase as it is.
  context.out.data({ kind: "UnsealedKey", nodeUuid: options.nodeUuid, passphrase: text }, text);
}

export async function roundTrip(context: CommandContext, options: KmsOptions): Promise<void> {
  const { nodeUuid } = options;
  const { sealMs, unsealMs } = await sealAndUnseal(context, await targetOf(context, options));
  context.out.data(
    { kind: "RoundTrip", nodeUuid, sealMs, unsealMs },
    {
      head: ["NODE", "SEAL", "UNSEAL", "KEY"],
      rows: [[nodeUuid, `${sealMs} ms`, `${unsealMs} ms`, "came back the same"]],
    },
  );
}

/** Seals a random key, unseals and compares it. Throws TB2005 where another comes back, and what a call throws. */
export async function sealAndUnseal(
  context: CommandContext,
  target: KmsTarget,
): Promise<{ readonly sealMs: number; readonly unsealMs: number }> {
  const key = randomBytes(KEY_BYTES);
  const sealedFrom = performance.now();
  const sealed = await call(context, target, "seal", key);
  const unsealedFrom = performance.now();
  const unsealed = await call(context, target, "unseal", sealed);
  const ended = performance.now();
  if (!unsealed.equals(key)) throw new CliError("TB2005", "the KMS gave back another key than it was given");
  return { sealMs: Math.round(unsealedFrom - sealedFrom), unsealMs: Math.round(ended - unsealedFrom) };
}

async function targetOf(
  { world, out }: CommandContext,
  { endpoint: url, nodeUuid, ca }: KmsOptions,
): Promise<KmsTarget> {
  if (url === undefined) throw new CliError("TB1001", "--endpoint says which KMS to ask");
  const endpoint = kmsAddressOption("--endpoint", url);
  if (!endpoint.secure) out.warn("grpc:// is plaintext: whoever is on the way reads the key");
  const cas = ca === undefined ? undefined : encodeCertificates(await readCertificateFile(world, ca));
  return { endpoint, nodeUuid, ca: cas };
}

async function call(
  context: CommandContext,
  { endpoint, nodeUuid, ca }: KmsTarget,
  method: "seal" | "unseal",
  data: Uint8Array,
): Promise<Buffer> {
  return withClient(context, KMSService, endpoint, ca, async (client) => {
    const { signal } = context;
    const answer = await client[method]({ nodeUuid, data }, { signal, timeoutMs: TALOS_DEADLINE_MS });
    return Buffer.from(answer.data);
  });
}
