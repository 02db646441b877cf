import { InvalidArgumentError, Option, type Command } from "commander";
import type { FinishOptions, PatchedOption, PlanOptions, RotateOptions, StartOptions } from "../ca-rotate.ts";
import { hostPort, type Endpoint } from "../endpoint.ts";
import { milliseconds, someOf } from "../option-parsers.ts";
import type { Register } from "../register.ts";

export function addCa(program: Command, register: Register): void {
  const ca = program.command("ca").description("look after the cluster's own CAs");
  const rotate = ca
    .command("rotate")
    .description("replace the Talos CA of a running cluster, in three stages, without a gap");

  const plan = withBegin(withHosts(rotate.command("plan"))).description(
    "say what would be done, and do nothing",
  );
  register<PlanOptions>(plan, async (context, options) =>
    (await import("../ca-rotate.ts")).planRotation(context, options),
  );

  const start = withRun(withBegin(withHosts(rotate.command("start"))))
    .description("begin, or go on, until the new CA issues everywhere; the old one stays accepted")
    .addOption(
      new Option("--until <stage>", "stop once this stage is reached")
        .choices(["accept", "issue"])
        .default("issue"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  talos-bridge ca rotate start --secrets secrets.yaml --dir rotation --nodes 10.0.0.3,10.0.0.4 --signer 10.0.0.1\n  talos-bridge ca rotate start --secrets secrets.yaml --dir rotation --apply --dry-run=false --timeout 30m\n  sops -d secrets.yaml | talos-bridge ca rotate start --secrets - --dir rotation --patched accept=all --dry-run=false",
    );
  register<StartOptions>(start, async (context, options) =>
    (await import("../ca-rotate.ts")).startRotation(context, options),
  );

  const status = withHosts(rotate.command("status")).description(
    "look at nodes and signers, and say what the stage still waits for",
  );
  register<RotateOptions>(status, async (context, options) =>
    (await import("../ca-rotate.ts")).rotationStatus(context, options),
  );

  const finish = withRun(withHosts(rotate.command("finish"))).description(
    "drop the old CA, and write the new bundle",
  );
  register<FinishOptions>(finish, async (context, options) =>
    (await import("../ca-rotate.ts")).finishRotation(context, options),
  );
}

function withHosts(command: Command): Command {
  return command
    .requiredOption("--secrets <file>", "the cluster's secrets bundle; - is standard input")
    .requiredOption("--dir <folder>", "the rotation's state and files; it holds keys")
    .option("--nodes <hosts>", "all workers, between commas; port 50000 if not given", endpoints(50_000))
    .option(
      "--signer <hosts>",
      "all signers, each replica, between commas; port 50001 if not given",
      endpoints(50_001),
    )
    .option("--signer-audit <file>", "log of a signer: nodes' certificates must be in it", files, []);
}

function withBegin(command: Command): Command {
  return command
    .addOption(
      new Option("--key-type <type>", "of the new CA")
        .choices(["ed25519", "p256", "rsa-4096"])
        .default("ed25519"),
    )
    .option("--context <name>", "in talosconfigs, contexts are named NAME@HOST", "talos")
    .addOption(
      new Option("--client-ttl <duration>", "life of the client certificates in talosconfigs")
        .argParser(milliseconds)
        .default(8_760 * 3_600_000, "8760h"),
    );
}

function withRun(command: Command): Command {
  return command
    .addOption(
      new Option("--dry-run [yes]", "say what would be done, and do nothing").argParser(flag).default(true),
    )
    .option("--apply", "patch the nodes with talosctl; without it that is for you to do", false)
    .option("--talosctl <program>", "with --apply: talosctl, if it is not on the PATH", "talosctl")
    .option("--patched <stage=hosts>", "these nodes (or all) have the patch of this stage", patched, []);
}

function endpoints(port: number): (text: string, before?: readonly Endpoint[]) => readonly Endpoint[] {
  return (text, before = []) => [...before, ...someOf(text).map(hostPort(port))];
}

function files(text: string, before: readonly string[]): readonly string[] {
  return [...before, ...someOf(text)];
}

function flag(text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new InvalidArgumentError("It must be true or false.");
}

function patched(text: string, before: readonly PatchedOption[]): readonly PatchedOption[] {
  const { stage, hosts = "" } = /^(?<stage>accept|issue|forget)=(?<hosts>.+)$/.exec(text)?.groups ?? {};
  if (stage !== "accept" && stage !== "issue" && stage !== "forget")
    throw new InvalidArgumentError(
      "It must be STAGE=all or STAGE=HOST,…, the stage accept, issue or forget.",
    );
  return [...before, { stage, hosts: someOf(hosts) }];
}
