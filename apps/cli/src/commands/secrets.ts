import { Option, type Command } from "commander";
import type { Register } from "../register.ts";
import type { ExtractOptions, GenerateOptions, ImportOptions, ShowOptions } from "../secrets-work.ts";

export function addSecrets(program: Command, register: Register): void {
  const secrets = program
    .command("secrets")
    .description("make, read and take apart a cluster's secrets bundle");

  const generate = writing(secrets.command("generate"))
    .description("make a bundle as talosctl gen secrets does")
    .addOption(
      new Option("--key-type <type>", "key of the Talos CA")
        .choices(["ed25519", "p256", "rsa-4096"])
        .default("ed25519"),
    )
    .option(
      "--from-kubernetes-pki <folder>",
      "take the CAs of an existing cluster, such as /etc/kubernetes/pki",
    )
    .option("--bootstrap-token-file <file>", "with it: a bootstrap token that the cluster knows")
    .addHelpText(
      "after",
      "\nExamples:\n  talos-bridge secrets generate\n  talos-bridge secrets generate --from-kubernetes-pki /etc/kubernetes/pki --out -",
    );
  register<GenerateOptions>(generate, async (context, options) =>
    (await import("../secrets-work.ts")).generate(context, options),
  );

  const imports = writing(secrets.command("import"))
    .description("take the bundle out of a control plane's machine config")
    .requiredOption("--from-controlplane <file>", "what talosctl gen config wrote; - is standard input");
  register<ImportOptions>(imports, async (context, options) =>
    (await import("../secrets-work.ts")).importBundle(context, options),
  );

  const show = reading(secrets.command("show"))
    .description("say what is in a bundle; no secret unless asked for")
    .option("--reveal", "with the secrets themselves", false);
  register<ShowOptions>(show, async (context, options) =>
    (await import("../secrets-work.ts")).show(context, options),
  );

  const extract = reading(secrets.command("extract"))
    .description("print one field: certificates and keys as PEM, the rest as text")
    .argument("<field>", "its path, such as certs.os.crt or trustdinfo.token, in either spelling")
    .option("--base64", "base64 of it, as a Kubernetes Secret wants it", false)
    .addOption(
      new Option("--pem-label <label>", "label of an Ed25519 key: PRIVATE KEY, or Talos's own")
        .choices(["rfc7468", "talos"])
        .default("rfc7468"),
    )
    .addHelpText(
      "after",
      "\nExample:\n  talos-bridge secrets extract certs.os.crt --secrets secrets.yaml > ca.crt",
    );
  register<ExtractOptions>(extract, async (context, options) =>
    (await import("../secrets-work.ts")).extract(context, options),
  );
}

function reading(command: Command): Command {
  return command.option("--secrets <file>", "the bundle; - is standard input", "secrets.yaml");
}

function writing(command: Command): Command {
  return command
    .option("--out <file>", "where to; - is standard output", "secrets.yaml")
    .option("--force", "replace a file that is there", false);
}
