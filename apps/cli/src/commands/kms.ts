import { KMSService } from "@talos-bridge/api";
import type { Command } from "commander";
import { randomBytes } from "node:crypto";
import { CliError } from "../cli-error.ts";
import { kmsEndpoint, type Endpoint } from "../endpoint.ts";
import { readInput, readText } from "../files.ts";
import { withClient } from "../grpc-client.ts";
import type { CommandContext } from "../command-context.ts";
import type { Register } from "../register.ts";
import { readSealedData } from "../sealed-data.ts";
import { unsealOffline } from "../unseal-offline.ts";
import { addKmsSetup } from "./kms-setup.ts";

interface ServerOptions {
  readonly endpoint?: Endpoint;
  readonly nodeUuid: string;
  readonly ca?: string;
}

/** Talos's own deadline for a call, dialling included. */
const TALOS_DEADLINE_MS = 10_000;
const KEY_BYTES = 32;

export function addKms(program: Command, register: Register): void {
  const kms = program
    .command("kms")
    .description("talk to a KMS as a node does, and set up its Vault or OpenBao");
  addSeal(kms, register);
  addUnseal(kms, register);
  addRoundtrip(kms, register);
  addKmsSetup(kms, register);
}

function withServer(command: Command): Command {
  return command
    .option("--endpoint <url>", "the KMS: https://HOST:PORT, or grpc://HOST:PORT for plaintext", kmsEndpoint)
    .requiredOption("--node-uuid <uuid>", "the node's SMBIOS UUID")
    .option("--ca <file>", "CA of the KMS's certificate; the system's if not given");
}

function addSeal(kms: Command, register: Register): void {
  const command = withServer(kms.command("seal"))
    .description("seal 32 bytes for a node, and print the base64 of the sealed key")
    .requiredOption("--in <file>", "file with the 32 bytes; - is standard input")
    .addHelpText(
      "after",
      "\nExample:\n  head -c 32 /dev/urandom | talos-bridge kms seal --endpoint grpc://127.0.0.1:8080 --node-uuid $(uuidgen) --in -",
    );
  register<ServerOptions & { in: string }>(command, async (context, options) => {
    const data = await readInput(context.world, options.in);
    const sealed = await call(context, options, "seal", data);
    const text = sealed.toString("base64");
    context.out.data({ kind: "SealedKey", nodeUuid: options.nodeUuid, sealedData: text }, `${text}\n`);
  });
}

function addUnseal(kms: Command, register: Register): void {
  const command = withServer(kms.command("unseal"))
    .description("unseal a node's key, and print its base64: the passphrase of the node's LUKS slot")
    .requiredOption("--in <file>", "the sealed key, its base64, or the LUKS token; - is standard input")
    .option(
      "--offline",
      "without a KMS: ask Vault or OpenBao itself, with VAULT_ADDR and VAULT_TOKEN (break glass)",
      false,
    )
    .option("--mount-path <path>", "with --offline: the transit mount", "transit")
    .addHelpText(
      "after",
      "\nExample, on a rescue system with the disk of a node that does not boot:\n  cryptsetup token export --token-id 0 /dev/sda6 | talos-bridge kms unseal --offline --node-uuid UUID --in - | cryptsetup open /dev/sda6 ephemeral --key-file -",
    );
  register<ServerOptions & { in: string; offline: boolean; mountPath: string }>(
    command,
    async (context, options) => {
      const sealed = readSealedData(await readText(context.world, options.in));
      const key = options.offline
        ? await unsealOffline(context, { ...options, sealed })
        : await call(context, options, "unseal", Buffer.from(sealed, "latin1"));
      const text = key.toString("base64");
      // No newline: what follows a pipe takes it for the passphrase as it is.
      context.out.data({ kind: "UnsealedKey", nodeUuid: options.nodeUuid, passphrase: text }, text);
    },
  );
}

function addRoundtrip(kms: Command, register: Register): void {
  const command = withServer(kms.command("roundtrip")).description(
    "seal a random key, unseal it, compare, and tell how long it took",
  );
  register<ServerOptions>(command, async (context, options) => {
    const key = randomBytes(KEY_BYTES);
    const sealedFrom = performance.now();
    const sealed = await call(context, options, "seal", key);
    const unsealedFrom = performance.now();
    const unsealed = await call(context, options, "unseal", sealed);
    const ended = performance.now();
    if (!unsealed.equals(key))
      throw new CliError("TB2005", "the KMS gave back another key than it was given");
    const sealMs = Math.round(unsealedFrom - sealedFrom);
    const unsealMs = Math.round(ended - unsealedFrom);
    context.out.data(
      { kind: "RoundTrip", nodeUuid: options.nodeUuid, sealMs, unsealMs },
      {
        head: ["NODE", "SEAL", "UNSEAL", "KEY"],
        rows: [[options.nodeUuid, `${sealMs} ms`, `${unsealMs} ms`, "came back the same"]],
      },
    );
  });
}

async function call(
  context: CommandContext,
  { endpoint, nodeUuid, ca }: ServerOptions,
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
