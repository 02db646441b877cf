import { Option, type Command } from "commander";
import type { KmsPatchOptions, TalosconfigOptions, WorkerOptions } from "../config-work.ts";
import { list, milliseconds, someOf } from "../option-parsers.ts";
import type { Register } from "../register.ts";
import type { ValidateOptions } from "../validate.ts";

export function addConfig(program: Command, register: Register): void {
  const config = program.command("config").description("write and check machine configs and talosconfigs");

  const worker = writing(config.command("worker"), "worker.yaml")
    .description("write the machine config of a worker")
    .option("--secrets <file>", "the cluster's bundle; - is standard input", "secrets.yaml")
    .requiredOption(
      "--endpoint <url>",
      "the Kubernetes API, https://HOST:PORT; the signer is port 50001 of the same host",
    )
    .option("--cluster-name <name>", "name of the cluster", "talos")
    .option("--talos-version <version>", "Talos of the node", "v1.13")
    .option(
      "--kubernetes-version <version>",
      "Kubernetes of the node, such as 1.33.2; Talos's own if not given",
    )
    .option("--install-disk <device>", "where Talos is installed, such as /dev/sda")
    .option("--install-image <image>", "the installer's image")
    .option("--san <names>", "names and addresses for the node's certificate, between commas", list, [])
    .option("--pod-cidr <cidrs>", "pod networks, between commas", list, ["10.244.0.0/16"])
    .option("--service-cidr <cidrs>", "service networks, between commas", list, ["10.96.0.0/12"])
    .option("--dns-domain <name>", "domain of the cluster", "cluster.local")
    .option("--kubernetes-ca <file>", "the control plane's Kubernetes CA, where it is not the bundle's")
    .option(
      "--bootstrap-token-file <file>",
      "a bootstrap token that the control plane knows, where it is not the bundle's",
    )
    .option("--accepted-cas <file>", "PEM of further CAs that the node trusts (rotation)")
    .option("--no-discovery", "without Talos's discovery service")
    .addHelpText(
      "after",
      "\nExample:\n  talos-bridge config worker --endpoint https://10.10.10.100:6443 --install-disk /dev/sda",
    );
  register<WorkerOptions>(worker, async (context, options) =>
    (await import("../config-work.ts")).writeWorker(context, options),
  );

  const talosconfig = writing(config.command("talosconfig"), "talosconfig")
    .description("issue a client certificate and write a talosconfig with it")
    .option("--secrets <file>", "the cluster's bundle; - is standard input", "secrets.yaml")
    .requiredOption("--endpoints <hosts>", "addresses of Talos APIs, between commas", someOf)
    .option("--nodes <hosts>", "nodes to talk to by default, between commas", list, [])
    .option("--roles <roles>", "os:admin, os:operator, os:reader, os:etcd:backup, between commas", list, [
      "os:admin",
    ])
    .addOption(
      new Option("--ttl <duration>", "life of the certificate")
        .argParser(milliseconds)
        .default(8_760 * 3_600_000, "8760h"),
    )
    .option("--context <name>", "name of the context", "talos")
    .option("--merge <file>", "add the context to this talosconfig instead of writing a new one alone")
    .option("--allow-impersonator", "let os:impersonator be among the roles: it can act as any other", false)
    .addHelpText(
      "after",
      "\nExample:\n  talos-bridge config talosconfig --endpoints 10.0.0.11,10.0.0.12 --roles os:reader --ttl 24h",
    );
  register<TalosconfigOptions>(talosconfig, async (context, options) =>
    (await import("../config-work.ts")).writeTalosconfig(context, options),
  );

  const patch = writing(config.command("kms-patch"), "-")
    .description("write a patch that encrypts a node's disks with keys of a KMS")
    .requiredOption("--endpoint <url>", "the KMS as nodes reach it: https://HOST:PORT")
    .option("--volumes <names>", "STATE, EPHEMERAL, between commas", list, ["EPHEMERAL"])
    .addOption(
      new Option("--form <form>", "a VolumeConfig a volume, or machine.systemDiskEncryption")
        .choices(["volume-config", "machine-config"])
        .default("volume-config"),
    )
    .option(
      "--recovery-key",
      "a random passphrase in a second slot, for the day the KMS is lost; it is in the patch",
      false,
    )
    .option("--allow-plaintext", "let the endpoint be without TLS", false);
  register<KmsPatchOptions>(patch, async (context, options) =>
    (await import("../config-work.ts")).writeKmsPatch(context, options),
  );

  const validate = config
    .command("validate")
    .description(
      "look for what is wrong in bundles, machine configs and talosconfigs; exits 3 where something is",
    )
    .argument("<files...>", "files; - is standard input")
    .option("--secrets <file>", "the cluster's bundle, to compare with")
    .addOption(
      new Option("--expiring <duration>", "warn of certificates that end within")
        .argParser(milliseconds)
        .default(30 * 86_400_000, "720h"),
    );
  register<ValidateOptions>(validate, async (context, options) =>
    (await import("../validate.ts")).validate(context, options),
  );
}

function writing(command: Command, out: string): Command {
  return command
    .option("--out <file>", "where to; - is standard output", out)
    .option("--force", "replace a file that is there", false);
}
