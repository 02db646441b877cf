import { Option, type Command } from "commander";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { readText } from "../files.ts";
import { seconds, vaultPath } from "../option-parsers.ts";
import type { Register } from "../register.ts";
import { applyStep, MountTaken } from "../vault-apply.ts";
import { withVault } from "../vault-client.ts";
import { kmsPolicy, setupPlan, shellCommand, type SetupAuth, type SetupChoices } from "../vault-plan.ts";

interface SetupOptions {
  readonly auth: SetupAuth;
  readonly mountPath: string;
  readonly keyPolicy: "upsert" | "precreate";
  readonly policyName: string;
  readonly role?: string;
  readonly authPath?: string;
  readonly ttl: number;
  readonly maxTtl: number;
  readonly serviceAccount: string;
  readonly namespace: string;
  readonly audience?: string;
  readonly kubernetesHost: string;
  readonly kubernetesCa?: string;
  readonly boundSubject?: string;
  readonly jwksUrl?: string;
  readonly clientCa?: string;
  readonly apply: boolean;
}

export function addKmsSetup(kms: Command, register: Register): void {
  const policy = withPolicyOptions(kms.command("policy")).description("print the Vault policy of a KMS");
  register<Pick<SetupOptions, "mountPath" | "keyPolicy">>(policy, async ({ out }, options) => {
    const text = kmsPolicy(options);
    out.data({ kind: "VaultPolicy", policy: text }, text);
  });

  const setup = withPolicyOptions(kms.command("setup"))
    .description("make what a KMS needs in Vault or OpenBao: transit, policy, auth method, role")
    .addOption(
      new Option("--auth <method>", "how the KMS logs in")
        .choices(["kubernetes", "approle", "jwt", "cert", "none"])
        .default("kubernetes"),
    )
    .option("--policy-name <name>", "name of the policy", "talos-kms-policy")
    .option("--role <name>", "name of the role (talos-kms-role; talos-kms for approle)")
    .option("--auth-path <path>", "mount path of the auth method, if not its name")
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
  register<SetupOptions>(setup, setUp);
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

async function setUp(context: CommandContext, options: SetupOptions): Promise<void> {
  const plan = setupPlan(await choicesOf(context, options));
  const { out, signal } = context;
  if (!options.apply) {
    const commands = plan.map(shellCommand);
    out.data({ kind: "VaultSetup", applied: false, commands }, `${commands.join("\n\n")}\n`);
    return;
  }
  const results = await withVault(context, async (vault) => {
    const done: { what: string; result: string }[] = [];
    for (const step of plan) {
      const result = await applyStep(vault.call, step, signal).catch((error: unknown) => {
        if (error instanceof MountTaken) throw new CliError("TB2004", error.message, { cause: error });
        throw error;
      });
      out.done(`${step.what}: ${result}`);
      done.push({ what: step.what, result });
    }
    return done;
  });
  out.data(
    { kind: "VaultSetup", applied: true, results },
    { head: ["WHAT", "RESULT"], rows: results.map(({ what, result }) => [what, result]) },
  );
}

async function choicesOf({ world }: CommandContext, options: SetupOptions): Promise<SetupChoices> {
  const { auth, role, authPath, kubernetesCa, clientCa } = options;
  if (auth === "cert" && clientCa === undefined)
    throw new CliError("TB1001", "--auth cert needs --client-ca");
  return {
    ...options,
    roleName: role ?? (auth === "approle" ? "talos-kms" : "talos-kms-role"),
    authMountPath: authPath ?? auth,
    audience: options.audience,
    boundSubject: options.boundSubject,
    jwksUrl: options.jwksUrl,
    kubernetesCa: kubernetesCa === undefined ? undefined : await readText(world, kubernetesCa),
    clientCa: clientCa === undefined ? undefined : await readText(world, clientCa),
  };
}
