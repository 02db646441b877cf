import { Argument, type Command } from "commander";
import type { Register } from "../register.ts";
import type { ServeOptions } from "../serve.ts";

const SERVICES = ["csr-signer", "kms-vault"];

export function addServe(program: Command, register: Register): void {
  const command = program
    .command("serve")
    .description("run a service on this machine, for trying out and development")
    .addArgument(new Argument("<service>").choices(SERVICES))
    .argument("[flags...]", "the service's own flags, after --")
    .option("--secrets <file>", "csr-signer: take CA and token from this secrets bundle")
    .addHelpText(
      "after",
      "\nExamples:\n  talos-bridge serve csr-signer --secrets secrets.yaml -- --bind-address 127.0.0.1 --server-ips 127.0.0.1\n  KMS_BACKEND=keyring KMS_KEYRING_PATH=keyring.json KMS_KEYRING_CREATE=true talos-bridge serve kms-vault",
    );
  register<ServeOptions>(command, async (context, options) =>
    (await import("../serve.ts")).serve(context, options),
  );
}
