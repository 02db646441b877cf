import { Option, type Command } from "commander";
import type { PolicyOptions, SetupOptions } from "../kms-setup.ts";
import { seconds, vaultPath } from "../option-parsers.ts";
import type { Register } from "../register.ts";

export function addKmsSetup(kms: Command, register: Register): void {
  const policy = withPolicyOptions(kms.command("policy")).description("print the Vault policy of a KMS");
  register<PolicyOptions>(policy, async (context, options) =>
    (await import("../kms-setup.ts")).printPolicy(context, options),
  );

  const setup = withPolicyOptions(kms.command("setup"))
    .description("make what a KMS needs in Vault or OpenBao: transit, policy, auth method, role")
    .addOption(
      new Option("--auth <method>", "how the KMS logs in")
        .choices(["kubernetes", "approle", "jwt", "cert", "none"])
        .default("kubernetes"),
    )
    .option("--policy-name <name>", "name of the policy", vaultPath, "talos-kms-policy")
    .option("--role <name>", "name of the role (talos-kms-role; talos-kms for approle)", vaultPath)
    .option("--auth-path <path>", "mount path of the auth method, if not its name", vaultPath)
    .addOption(
      new Option("--ttl <duration>", "life of the KMS's token").argParser(seconds).default(3_600, "1h"),
    )
    .addOption(
      new Option("--max-ttl <duration>", "approle: its longest life")
        .argParser(seconds)
        .default(14_400, "4h"),
    )
    .option("--service-account <name>", "kubernetes, jwt: the KMS's service account", "talos-kms")
    .option("--namespace <name>", "kubernetes, jwt: its namespace", "default")
    .option("--audience <name>", "kubernetes, jwt: audience of its token")
    .option(
      "--kubernetes-host <url>",
      "kubernetes: the API server, as Vault reaches it",
      "https://kubernetes.default.svc",
    )
    .option("--kubernetes-ca <file>", "kubernetes: its CA, for a Vault outside of the cluster")
    .option("--bound-subject <sub>", "jwt: subject of the token, if not that of the service account")
    .option("--jwks-url <url>", "jwt: where the issuer's keys are")
    .option("--client-ca <file>", "cert: CA of the KMS's client certificate")
    .option("--apply", "do it, with VAULT_ADDR and VAULT_TOKEN; without it the commands are printed", false)
    .addHelpText(
      "after",
      "\nWhat is there and right stays as it is: run it as often as you like.\n\nExamples:\n  talos-bridge kms setup --auth approle\n  talos-bridge kms setup --auth kubernetes --namespace kms --apply",
    );
  register<SetupOptions>(setup, async (context, options) =>
    (await import("../kms-setup.ts")).setUp(context, options),
  );
}

function withPolicyOptions(command: Command): Command {
  return command
    .option("--mount-path <path>", "where transit is mounted", vaultPath, "transit")
    .addOption(
      new Option("--key-policy <policy>", "upsert: a node's first Seal makes its key; precreate: never")
        .choices(["upsert", "precreate"])
        .default("upsert"),
    );
}
