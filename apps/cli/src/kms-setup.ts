import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command-context.ts";
import { readText } from "./files.ts";
import { applyStep, MountTaken } from "./vault-apply.ts";
import { withVault } from "./vault-client.ts";
import { kmsPolicy, setupPlan, shellCommand, type SetupAuth, type SetupChoices } from "./vault-plan.ts";

export interface SetupOptions {
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

export type PolicyOptions = Pick<SetupOptions, "mountPath" | "keyPolicy">;

export async function printPolicy({ out }: CommandContext, options: PolicyOptions): Promise<void> {
  const policy = kmsPolicy(options);
  out.data({ kind: "VaultPolicy", policy }, policy);
}

/** Prints the commands, or does what they would. */
export async function setUp(context: CommandContext, options: SetupOptions): Promise<void> {
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
