import { InvalidArgumentError, Option, type Command } from "commander";
import type { DoctorOptions, Volume } from "../doctor/options.ts";
import { hostPort, type Endpoint } from "../endpoint.ts";
import { milliseconds, someOf } from "../option-parsers.ts";
import type { Register } from "../register.ts";

export function addDoctor(program: Command, register: Register): void {
  const command = program
    .command("doctor")
    .description("look at everything a worker needs, and say what is wrong, why, and what to do")
    .option("--machine-config <file>", "a worker's machine config: its token, CAs and endpoints are used")
    .option("--secrets <file>", "the cluster's secrets bundle; - is standard input")
    .option("--talosconfig <file>", "a talosconfig of the cluster")
    .option(
      "--endpoint <host:port>",
      "the signer, if not where the machine config says; port 50001",
      hostPort(50_001),
    )
    .option("--ca <file>", "CAs that the signer and the nodes must chain to, in place of those of the files")
    .option("--token-file <file>", "file with the join token, in place of that of the files")
    .option("--node <host:port>", "a node's apid, port 50000; several between commas", hosts(50_000), [])
    .option(
      "--api-server <host:port>",
      "Kubernetes, if not where the machine config says; port 6443",
      hostPort(6_443),
    )
    .option("--kms <url>", "the KMS as it is written in the machine config")
    .option("--kms-ca <file>", "CA of the KMS's certificate, beside the public ones")
    .option("--image-ca <file>", "CAs that were built into the Talos image")
    .option(
      "--volumes <names>",
      "what is encrypted with --kms: STATE, EPHEMERAL, or both between commas",
      volumes,
      ["STATE", "EPHEMERAL"],
    )
    .option(
      "--node-uuid <uuid>",
      "seal and unseal a key for this node: it makes the node's key in Vault, as its first boot does",
    )
    .addOption(
      new Option("--expiring <duration>", "warn of certificates that end within")
        .argParser(milliseconds)
        .default(2_592_000_000, "720h"),
    )
    .addOption(
      new Option("--wait <duration>", "try again for so long while something is wrong").argParser(
        milliseconds,
      ),
    )
    .addHelpText(
      "after",
      "\nExit code 3: something is wrong. Warnings alone are 0.\n\nExamples:\n  talos-bridge doctor --machine-config worker.yaml --secrets secrets.yaml --node 10.0.0.7\n  talos-bridge doctor --endpoint 10.0.0.1 --ca ca.crt --token-file token --wait 2m\n  talos-bridge doctor --kms https://kms.example.com:8080 --node-uuid UUID",
    );
  register<DoctorOptions>(command, async (context, options) =>
    (await import("../doctor/doctor.ts")).examine(context, options),
  );
}

function hosts(port: number): (text: string) => readonly Endpoint[] {
  const parse = hostPort(port);
  return (text) => someOf(text).map((each) => parse(each));
}

function volumes(text: string): readonly Volume[] {
  return someOf(text.toUpperCase()).map((name) => {
    if (name === "STATE" || name === "EPHEMERAL") return name;
    throw new InvalidArgumentError("It must be STATE, EPHEMERAL, or both between commas.");
  });
}
