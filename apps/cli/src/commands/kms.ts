import type { Command } from "commander";
import type { KmsOptions, UnsealOptions } from "../kms-call.ts";
import { vaultPath } from "../option-parsers.ts";
import type { Register } from "../register.ts";
import { addKmsSetup } from "./kms-setup.ts";

export function addKms(program: Command, register: Register): void {
  const kms = program
    .command("kms")
    .description("talk to a KMS as a node does, and set up its Vault or OpenBao");

  const seal = withServer(kms.command("seal"))
    .description("seal 32 bytes for a node, and print the base64 of the sealed key")
    .requiredOption("--in <file>", "file with the 32 bytes; - is standard input")
    .addHelpText(
      "after",
      "\nExample:\n  head -c 32 /dev/urandom | talos-bridge kms seal --endpoint grpc://127.0.0.1:8080 --node-uuid $(uuidgen) --in -",
    );
  register<KmsOptions & { in: string }>(seal, async (context, options) =>
    (await import("../kms-call.ts")).seal(context, options),
  );

  const unseal = withServer(kms.command("unseal"))
    .description("unseal a node's key, and print its base64: the passphrase of the node's LUKS slot")
    .requiredOption("--in <file>", "the sealed key, its base64, or the LUKS token; - is standard input")
    .option(
      "--offline",
      "without a KMS: ask Vault or OpenBao itself, with VAULT_ADDR and VAULT_TOKEN (break glass)",
      false,
    )
    .option("--mount-path <path>", "with --offline: the transit mount", vaultPath, "transit")
    .addHelpText(
      "after",
      "\nExample, on a rescue system with the disk of a node that does not boot:\n  cryptsetup token export --token-id 0 /dev/sda6 |\n    talos-bridge kms unseal --offline --node-uuid UUID --in - |\n    cryptsetup open /dev/sda6 ephemeral --key-file -",
    );
  register<UnsealOptions>(unseal, async (context, options) =>
    (await import("../kms-call.ts")).unseal(context, options),
  );

  const roundtrip = withServer(kms.command("roundtrip")).description(
    "seal a random key, unseal it, compare, and tell how long it took",
  );
  register<KmsOptions>(roundtrip, async (context, options) =>
    (await import("../kms-call.ts")).roundTrip(context, options),
  );

  addKmsSetup(kms, register);
}

function withServer(command: Command): Command {
  return command
    .option("--endpoint <url>", "the KMS: https://HOST:PORT, or grpc://HOST:PORT for plaintext")
    .requiredOption("--node-uuid <uuid>", "the node's SMBIOS UUID")
    .option("--ca <file>", "CA of the KMS's certificate; the system's if not given");
}
